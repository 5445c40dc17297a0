/* api/pipes/pipes_api.h - what the operations of EventBridge Pipes share. */
#ifndef DYNLOG_API_PIPES_PIPES_API_H
#define DYNLOG_API_PIPES_PIPES_API_H

#include "api/api.h"

/* A change that answers this call; its settings are the caller's to fill. */
struct pipe_change *pipes_api_change(struct api_call *call, enum pipe_change_kind kind,
                                     void (*done)(struct pipe_change *change, enum status status));
/* True: it has answered why not. */
bool pipes_api_failed(struct pipe_change *change, enum status status);
/* A map of tags; NULL: none. */
void pipes_api_tags(struct api_call *call, const struct json *tags, struct pipe_settings *ret);
void pipes_api_write_tags(struct json_writer *w, const char *name,
                          const struct pipe_settings *settings);

#endif
