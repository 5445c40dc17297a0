/* journey/trace.c - trace ids and X-Amzn-Trace-Id. One trace a journey: the id that handlers see is
 * the one that OpenTelemetry gets, without its hyphens.
 *
 *   X-Amzn-Trace-Id  Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0
 *   OpenTelemetry    trace id 5759e988bd862e3fe1be46a994272793, span id 53995c3f42cd8ad8 */
#include "journey/internal.h"

bool trace_is_set(const struct trace *trace)
{
    return trace->high != 0 || trace->low != 0;
}

static void root_enter_trace(struct root *root, const struct trace *trace)
{
    root->trace = *trace;
    hop_export(root->top);
    for (struct hop *hop = root->top->first; hop != NULL; hop = hop->next)
        hop_export(hop); /* filters came before what takes it */
}

void root_take_trace(struct root *root, const struct trace *trace)
{
    if (trace_is_set(&root->trace) || !trace_is_set(trace))
        return;
    link_enter(root->top, &root->by_trace, LINK_TRACE, hash_number(LINK_TRACE, trace->low));
    root_enter_trace(root, trace);
}

/* X-Ray's: seconds since 1970 (32 bits), then 96 random ones. */
void root_set_trace(struct root *root, struct bytes trace_header)
{
    struct journeys *journeys = root->journeys;
    struct trace trace = {0};
    uint64_t parent = 0;

    if (trace_is_set(&root->trace))
        return;
    if (trace_of_header(trace_header, &trace, &parent)) {
        root_take_trace(root, &trace);
        return;
    }
    trace.high = (journeys->now_ms / 1000) << 32 | journeys_random(journeys) >> 32;
    trace.low = root_random(root);
    root_enter_trace(root, &trace);
}

/* The last `digits` of its hexadecimal digits; where they end. */
static char *put_hex(char *out, uint64_t value, size_t digits)
{
    for (size_t i = digits; i > 0; i--, value >>= 4)
        out[i - 1] = "0123456789abcdef"[value & 15];
    return out + digits;
}

static char *put_trace(char *out, const struct trace *trace)
{
    *out++ = '1';
    *out++ = '-';
    out = put_hex(out, trace->high >> 32, 8);
    *out++ = '-';
    out = put_hex(out, trace->high, 8);
    return put_hex(out, trace->low, 16);
}

void trace_print(const struct trace *trace, char out[TRACE_TEXT_SIZE])
{
    *put_trace(out, trace) = '\0';
}

static bool parse_hex(struct bytes text, size_t digits, uint64_t *ret)
{
    uint64_t value = 0;

    if (text.size != digits)
        return false;
    for (size_t i = 0; i < digits; i++) {
        uint8_t c = text.ptr[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value << 4 | (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    *ret = value;
    return true;
}

bool trace_parse(struct bytes text, struct trace *ret)
{
    uint64_t seconds = 0, middle = 0;

    if (text.size != TRACE_TEXT_SIZE - 1 || text.ptr[0] != '1' || text.ptr[1] != '-' ||
        text.ptr[10] != '-' || !parse_hex(bytes_slice(text, 2, 8), 8, &seconds) ||
        !parse_hex(bytes_slice(text, 11, 8), 8, &middle) ||
        !parse_hex(bytes_slice(text, 19, 16), 16, &ret->low))
        return false;
    ret->high = seconds << 32 | middle;
    return trace_is_set(ret);
}

/* The value of NAME= in a header; empty: it has none. */
static struct bytes part(struct bytes header, const char *name)
{
    size_t at = bytes_find(header, bytes_of_text(name));

    if (at == SIZE_MAX)
        return (struct bytes){NULL, 0};
    struct bytes rest = bytes_slice(header, at + strlen(name), header.size);

    return bytes_slice(rest, 0, bytes_find_byte(rest, ';', 0));
}

bool trace_of_header(struct bytes header, struct trace *ret, uint64_t *ret_parent)
{
    *ret_parent = 0;
    if (header.size == 0 || !trace_parse(part(header, "Root="), ret))
        return false;
    if (!parse_hex(part(header, "Parent="), 16, ret_parent))
        *ret_parent = 0;
    return true;
}

/* For each attempt: by hand, because printf takes as long as all the rest of a hop. */
void trace_header_of(const struct hop *attempt, char out[JOURNEY_TRACE_HEADER_SIZE])
{
    static const char root[] = "Root=", parent[] = ";Parent=", sampled[] = ";Sampled=0";

    memcpy(out, root, sizeof root - 1);
    out = put_trace(out + sizeof root - 1, &attempt->root->trace);
    memcpy(out, parent, sizeof parent - 1);
    out = put_hex(out + sizeof parent - 1, attempt->span, 16);
    memcpy(out, sampled, sizeof sampled);
}

/* ---- who was given a header ---- */

static struct hop *last_attempt(struct hop *hop)
{
    struct hop *found = hop->kind == HOP_ATTEMPT ? hop : NULL;

    for (struct hop *child = hop->first; child != NULL; child = child->next) {
        struct hop *below = last_attempt(child);

        if (below != NULL && (found == NULL || below->at_ms >= found->at_ms))
            found = below;
    }
    return found;
}

struct hop *find_attempt(const struct journeys *journeys, struct bytes trace_header)
{
    struct trace trace;
    uint64_t parent = 0;
    struct hop *found = NULL;

    if (!trace_of_header(trace_header, &trace, &parent))
        return NULL;
    if (parent != 0)
        found = find_span(journeys, parent);
    if (found != NULL)
        return found;
    /* X-Ray's SDK puts a span of its own there. */
    found = find_trace(journeys, &trace);
    return found != NULL ? last_attempt(found) : NULL;
}

bool journey_is_of_invocation(const struct journeys *journeys, struct bytes trace_header)
{
    struct trace trace;
    uint64_t parent = 0;
    const struct hop *hop = NULL;

    if (journeys == NULL || !trace_of_header(trace_header, &trace, &parent) || parent == 0)
        return false;
    hop = find_span(journeys, parent);
    return hop != NULL && hop->parent->kind == HOP_INVOCATION;
}
