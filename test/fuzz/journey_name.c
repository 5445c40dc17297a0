/* What people type for an event: whatever it is, what was read prints, and reads back as the same.
 */
#include "journey/journey.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(buffer_free) struct buffer printed = BUFFER_INIT(JOURNEY_NAME_SIZE_MAX);
    struct journey_name name, again;

    if (journey_name_parse(bytes_of(data, size), &name) != OK)
        return 0;
    journey_name_print(&printed, &name);
    if (buffer_failed(&printed) || journey_name_parse(buffer_bytes(&printed), &again) != OK ||
        again.kind != name.kind || again.position != name.position ||
        again.trace[0] != name.trace[0] || again.trace[1] != name.trace[1])
        abort();
    if (name.kind != JOURNEY_NAME_TRACE && !bytes_equal(again.text, name.text))
        abort();
    return 0;
}
