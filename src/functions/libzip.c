/* functions/libzip.c - libzip, loaded when the first archive of code is unpacked (base/late.h). */
#include "base/late.h"

#include <zip.h>

#define LIBRARY LIBZIP_NAME /* of what it was configured with */

#define FUNCTIONS(X)                                                                               \
    X(zip_source_t *, zip_source_buffer_create,                                                    \
      (const void *bytes, zip_uint64_t size, int free_it, zip_error_t *error),                     \
      (bytes, size, free_it, error))                                                               \
    X(zip_t *, zip_open_from_source, (zip_source_t * source, int flags, zip_error_t *error),       \
      (source, flags, error))                                                                      \
    X(zip_int64_t, zip_get_num_entries, (zip_t * zip, zip_flags_t flags), (zip, flags))            \
    X(const char *, zip_get_name, (zip_t * zip, zip_uint64_t index, zip_flags_t flags),            \
      (zip, index, flags))                                                                         \
    X(int, zip_stat_index, (zip_t * zip, zip_uint64_t index, zip_flags_t flags, zip_stat_t * ret), \
      (zip, index, flags, ret))                                                                    \
    X(int, zip_file_get_external_attributes,                                                       \
      (zip_t * zip, zip_uint64_t index, zip_flags_t flags, zip_uint8_t * system,                   \
       zip_uint32_t * attributes),                                                                 \
      (zip, index, flags, system, attributes))                                                     \
    X(zip_file_t *, zip_fopen_index, (zip_t * zip, zip_uint64_t index, zip_flags_t flags),         \
      (zip, index, flags))                                                                         \
    X(zip_int64_t, zip_fread, (zip_file_t * file, void *out, zip_uint64_t size),                   \
      (file, out, size))                                                                           \
    X(int, zip_fclose, (zip_file_t * file), (file))
#define PROCEDURES(X)                                                                              \
    X(zip_error_init, (zip_error_t * error), (error))                                              \
    X(zip_error_fini, (zip_error_t * error), (error))                                              \
    X(zip_source_free, (zip_source_t * source), (source))                                          \
    X(zip_discard, (zip_t * zip), (zip))

LATE_LIBRARY
FUNCTIONS(LATE_DEFINE)
PROCEDURES(LATE_DEFINE_VOID)
