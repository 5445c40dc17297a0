/* cli/target.h - the options that say who is asked (client/target.h), the same in every command. */
#ifndef DYNLOG_CLI_TARGET_H
#define DYNLOG_CLI_TARGET_H

#include "cli/options.h"
#include "client/target.h"

/* The rows of the options that say who is asked, for the table of a command whose options have a
 * struct target_options `target`. */
#define TARGET_OPTIONS(type)                                                                       \
    {.name = "endpoint",                                                                           \
     .kind = OPTION_TEXT,                                                                          \
     .value_name = "URL",                                                                          \
     .help = "who is asked; else $AWS_ENDPOINT_URL, else " TARGET_ENDPOINT_DEFAULT,                \
     .offset = offsetof(type, target.endpoint)},                                                   \
        {.name = "region",                                                                         \
         .kind = OPTION_TEXT,                                                                      \
         .value_name = "REGION",                                                                   \
         .help = "without --endpoint: ask AWS itself, in this region",                             \
         .offset = offsetof(type, target.region)},                                                 \
    {                                                                                              \
        .name = "profile", .kind = OPTION_TEXT, .value_name = "NAME",                              \
        .help = "keys of this profile of ~/.aws", .offset = offsetof(type, target.profile)         \
    }

#define TARGET_TABLE_OPTIONS(type)                                                                 \
    {.name = "stage",                                                                              \
     .kind = OPTION_TEXT,                                                                          \
     .value_name = "STAGE",                                                                        \
     .help = "the table is STAGE" TARGET_TABLE_SUFFIX "; else " TARGET_STAGE_DEFAULT,              \
     .offset = offsetof(type, target.stage)},                                                      \
    {                                                                                              \
        .name = "table", .kind = OPTION_TEXT, .value_name = "NAME",                                \
        .help = "the table, whatever the stage", .offset = offsetof(type, target.table)            \
    }

/* The same rows where the table matters to a folder alone (cli_place_needs_no_table()). */
#define FOLDER_TABLE_OPTIONS(type)                                                                 \
    {.name = "stage",                                                                              \
     .kind = OPTION_TEXT,                                                                          \
     .value_name = "STAGE",                                                                        \
     .help = "with --data: the folder's table is STAGE" TARGET_TABLE_SUFFIX                        \
             "; else " TARGET_STAGE_DEFAULT,                                                       \
     .offset = offsetof(type, target.stage)},                                                      \
    {                                                                                              \
        .name = "table", .kind = OPTION_TEXT, .value_name = "NAME",                                \
        .help = "with --data: the folder's table, whatever the stage",                             \
        .offset = offsetof(type, target.table)                                                     \
    }

#endif
