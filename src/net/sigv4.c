/* net/sigv4.c - see sigv4.h. A signature covers
 *
 *   string to sign = "AWS4-HMAC-SHA256" \n time \n date/region/service/aws4_request \n
 *                    hex(sha256(canonical request))
 *   canonical request = method \n path \n query \n headers \n names of headers \n hex(sha256(body))
 *
 * and its key is HMAC(HMAC(HMAC(HMAC("AWS4" + secret, date), region), service), "aws4_request").
 * Region and service are the client's word: neither selects anything here. */
#include "net/credentials.h"
#include "net/internal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HASH_SIZE SHA256_DIGEST_LENGTH
#define HASH_HEX_SIZE (2 * HASH_SIZE)
#define SKEW_MINUTES 15
#define MINUTE_MS ((uint64_t)60 * 1000)
#define EXPIRES_SECONDS_MAX 604800 /* of a presigned URL: seven days */
#define TIME_SIZE 17               /* "20260131T235959Z" and its NUL */
/* Escaping makes a byte three, twice over for a path; names of headers stand there twice. */
#define CANONICAL_SIZE_MAX (HTTP_HEAD_SIZE_MAX * 12)

/* What a request says about its signature. */
struct claim {
    struct bytes credential, signed_headers, signature, time;
    struct bytes key_id, date, region, service, terminator; /* of credential, between slashes */
    struct bytes scope;                                     /* date/region/service/terminator */
    struct bytes expires;
    uint64_t time_ms, lifetime_ms;
    bool in_query;
};

/* ---- small things ---- */

static void to_hex(const uint8_t *hash, char ret[HASH_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < HASH_SIZE; i++) {
        ret[2 * i] = digits[hash[i] >> 4];
        ret[2 * i + 1] = digits[hash[i] & 15];
    }
}

static void hash_hex(struct bytes text, char ret[HASH_HEX_SIZE])
{
    uint8_t hash[HASH_SIZE];

    SHA256(text.ptr, text.size, hash);
    to_hex(hash, ret);
}

static void keyed_hash(struct bytes key, struct bytes text, uint8_t ret[HASH_SIZE])
{
    unsigned size = HASH_SIZE;
    const uint8_t *hash =
        HMAC(EVP_sha256(), key.ptr, (int)key.size, text.ptr, text.size, ret, &size);

    assert(hash != NULL && "SHA-256 is always there");
    (void)hash;
}

/* "2026-01-31T23:59:59Z" without its hyphens and colons. */
static void format_time(uint64_t time_ms, char ret[TIME_SIZE])
{
    char iso[CLOCK_ISO_SIZE];
    size_t size = 0;

    clock_format_iso(time_ms, false, iso);
    for (const char *at = iso; *at != '\0' && size < TIME_SIZE - 1; at++)
        if (*at != '-' && *at != ':')
            ret[size++] = *at;
    ret[size] = '\0';
}

static bool parse_time(struct bytes text, uint64_t *ret_ms)
{
    char iso[CLOCK_ISO_SIZE];

    if (text.size != TIME_SIZE - 1 || text.ptr[8] != 'T' || text.ptr[15] != 'Z')
        return false;
    const char *t = (const char *)text.ptr;

    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", t, t + 4, t + 6, t + 9, t + 11,
             t + 13);
    return clock_parse_iso(bytes_of_text(iso), ret_ms);
}

/* What stands before `separator`; *text moves behind it. */
static struct bytes take_until(struct bytes *text, uint8_t separator)
{
    size_t end = size_min(bytes_find_byte(*text, separator, 0), text->size);
    struct bytes part = bytes_slice(*text, 0, end);

    *text = bytes_slice(*text, end + 1, SIZE_MAX);
    return part;
}

/* ---- what the request claims ---- */

static enum status no_token(struct api_error *reterr)
{
    return api_refuse(reterr, API_MISSING_AUTHENTICATION_TOKEN,
                      "Request is missing Authentication Token");
}

/* AWS names everything that is missing, and the header by its hash. */
static enum status header_is_incomplete(const struct claim *claim, struct bytes authorization,
                                        struct api_error *reterr)
{
    uint8_t hash[HASH_SIZE];
    char text[(HASH_SIZE + 2) / 3 * 4 + 1];

    SHA256(authorization.ptr, authorization.size, hash);
    EVP_EncodeBlock((uint8_t *)text, hash, HASH_SIZE);
    return api_refuse(
        reterr, API_INCOMPLETE_SIGNATURE,
        "%s%s%s%s(Hashed with SHA-256 and encoded with Base64) Authorization=%s",
        claim->credential.size > 0 ? "" : "Authorization header requires 'Credential' parameter. ",
        claim->signature.size > 0 ? "" : "Authorization header requires 'Signature' parameter. ",
        claim->signed_headers.size > 0
            ? ""
            : "Authorization header requires 'SignedHeaders' parameter. ",
        claim->time.size > 0
            ? ""
            : "Authorization header requires existence of either a 'X-Amz-Date' or "
              "a 'Date' header. ",
        text);
}

/* Authorization: AWS4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=... */
static enum status read_header(struct http_request *request, struct bytes authorization,
                               struct claim *claim, struct api_error *reterr)
{
    struct bytes rest = authorization, algorithm = take_until(&rest, ' ');

    if (!bytes_start_with(algorithm, BYTES("AWS4-")))
        return no_token(reterr);
    if (!bytes_equal(algorithm, BYTES(ALGORITHM)))
        return api_refuse(reterr, API_INCOMPLETE_SIGNATURE, "Unsupported AWS 'algorithm': '%.*s'.",
                          BYTES_ARG(bytes_slice(algorithm, 0, 64)));
    while (rest.size > 0) {
        struct bytes words = take_until(&rest, ',');

        while (words.size > 0) {
            struct bytes value = take_until(&words, ' ');
            struct bytes name = take_until(&value, '=');

            if (bytes_equal(name, BYTES("Credential")))
                claim->credential = value;
            else if (bytes_equal(name, BYTES("SignedHeaders")))
                claim->signed_headers = value;
            else if (bytes_equal(name, BYTES("Signature")))
                claim->signature = value;
        }
    }
    claim->time = http_header(request, "x-amz-date");
    if (claim->time.size == 0)
        claim->time = http_header(request, "date");
    if (claim->credential.size == 0 || claim->signed_headers.size == 0 ||
        claim->signature.size == 0 || claim->time.size == 0)
        return header_is_incomplete(claim, authorization, reterr);
    return OK;
}

/* ?X-Amz-Algorithm=...&X-Amz-Credential=...: a presigned URL. */
static enum status read_query(struct http_request *request, struct claim *claim,
                              struct api_error *reterr)
{
    struct bytes algorithm = {0};
    const struct {
        const char *name;
        struct bytes *ret;
    } parts[] = {
        {"X-Amz-Algorithm", &algorithm},        {"X-Amz-Credential", &claim->credential},
        {"X-Amz-Signature", &claim->signature}, {"X-Amz-SignedHeaders", &claim->signed_headers},
        {"X-Amz-Date", &claim->time},
    };
    AUTO(buffer_free) struct buffer missing = BUFFER_INIT(API_ERROR_MESSAGE_SIZE);

    claim->in_query = true;
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++)
        if (!http_query(request, parts[i].name, parts[i].ret) || parts[i].ret->size == 0)
            buffer_printf(&missing, "AWS query-string parameters must include '%s'. ",
                          parts[i].name);
    if (missing.size > 0)
        return api_refuse(reterr, API_INCOMPLETE_SIGNATURE,
                          "%.*sRe-examine the query-string parameters.",
                          BYTES_ARG(buffer_bytes(&missing)));
    if (!bytes_equal(algorithm, BYTES(ALGORITHM)))
        return api_refuse(reterr, API_INCOMPLETE_SIGNATURE, "Unsupported AWS 'algorithm': '%.*s'.",
                          BYTES_ARG(bytes_slice(algorithm, 0, 64)));
    (void)http_query(request, "X-Amz-Expires", &claim->expires);
    return OK;
}

static enum status read_claim(struct http_request *request, struct claim *claim,
                              struct api_error *reterr)
{
    struct bytes authorization = http_header(request, "authorization"), ignored;
    bool in_query = http_query(request, "X-Amz-Algorithm", &ignored);

    if (authorization.size > 0 && in_query)
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "Found both 'X-Amz-Algorithm' as a query-string param and "
                          "'Authorization' as HTTP header.");
    if (in_query)
        return read_query(request, claim, reterr);
    if (authorization.size == 0)
        return no_token(reterr);
    return read_header(request, authorization, claim, reterr);
}

/* keyid/date/region/service/aws4_request */
static enum status read_credential(struct claim *claim, struct api_error *reterr)
{
    struct bytes rest = claim->credential;
    size_t slashes = 0;

    for (size_t i = 0; i < rest.size; i++)
        slashes += rest.ptr[i] == '/' ? 1 : 0;
    if (slashes != 4)
        return api_refuse(reterr, API_INCOMPLETE_SIGNATURE,
                          "Credential must have exactly 5 slash-delimited elements, e.g. "
                          "keyid/date/region/service/term, got '%.*s'",
                          BYTES_ARG(bytes_slice(rest, 0, 200)));
    claim->key_id = take_until(&rest, '/');
    claim->scope = rest;
    claim->date = take_until(&rest, '/');
    claim->region = take_until(&rest, '/');
    claim->service = take_until(&rest, '/');
    claim->terminator = rest;
    if (!bytes_equal(claim->terminator, BYTES("aws4_request")))
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "Credential should be scoped with a valid terminator: 'aws4_request', "
                          "not '%.*s'.",
                          BYTES_ARG(bytes_slice(claim->terminator, 0, 64)));
    return OK;
}

/* ---- time ---- */

static enum status read_time(struct claim *claim, struct api_error *reterr)
{
    uint64_t seconds = 0;

    if (!parse_time(claim->time, &claim->time_ms))
        return api_refuse(reterr, API_INCOMPLETE_SIGNATURE,
                          "Date must be in ISO-8601 'basic format'. Got '%.*s'. See "
                          "http://en.wikipedia.org/wiki/ISO_8601",
                          BYTES_ARG(bytes_slice(claim->time, 0, 64)));
    if (!bytes_equal(claim->date, bytes_slice(claim->time, 0, 8)))
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "Date in Credential scope does not match YYYYMMDD from ISO-8601 version "
                          "of date from HTTP: '%.*s' != '%.*s', from '%.*s'.",
                          BYTES_ARG(bytes_slice(claim->date, 0, 64)),
                          BYTES_ARG(bytes_slice(claim->time, 0, 8)), BYTES_ARG(claim->time));
    claim->lifetime_ms = SKEW_MINUTES * MINUTE_MS;
    if (claim->expires.size == 0)
        return OK;
    if (!bytes_to_uint64(claim->expires, &seconds) || seconds == 0 || seconds > EXPIRES_SECONDS_MAX)
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "X-Amz-Expires must be between 1 and %d seconds.", EXPIRES_SECONDS_MAX);
    claim->lifetime_ms = seconds * 1000;
    return OK;
}

static enum status check_time(const struct claim *claim, uint64_t now_ms, struct api_error *reterr)
{
    char signed_at[TIME_SIZE], now[TIME_SIZE], limit[TIME_SIZE];

    format_time(claim->time_ms, signed_at);
    format_time(now_ms, now);
    if (now_ms > claim->time_ms && now_ms - claim->time_ms > claim->lifetime_ms) {
        bool minutes = claim->lifetime_ms % MINUTE_MS == 0;

        format_time(now_ms - claim->lifetime_ms, limit);
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "Signature expired: %s is now earlier than %s (%s - %llu %s.)", signed_at,
                          limit, now,
                          (unsigned long long)(claim->lifetime_ms / (minutes ? MINUTE_MS : 1000)),
                          minutes ? "min" : "sec");
    }
    if (claim->time_ms > now_ms && claim->time_ms - now_ms > SKEW_MINUTES * MINUTE_MS) {
        format_time(now_ms + SKEW_MINUTES * MINUTE_MS, limit);
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "Signature not yet current: %s is still later than %s (%s + %d min.)",
                          signed_at, limit, now, SKEW_MINUTES);
    }
    return OK;
}

/* ---- the canonical request ---- */

static bool is_unreserved(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void append_escaped(struct buffer *out, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";

    if (is_unreserved(byte)) {
        buffer_append_byte(out, byte);
        return;
    }
    buffer_append_byte(out, '%');
    buffer_append_byte(out, (uint8_t)digits[byte >> 4]);
    buffer_append_byte(out, (uint8_t)digits[byte & 15]);
}

/* The path as it was sent, without empty and dot segments, escaped once more. */
static void append_path(struct buffer *out, struct bytes path)
{
    bool ends_with_slash = path.size > 0 && path.ptr[path.size - 1] == '/';
    size_t start = out->size;

    while (path.size > 0) {
        struct bytes segment = take_until(&path, '/');

        if (segment.size == 0 || bytes_equal(segment, BYTES(".")))
            continue;
        if (bytes_equal(segment, BYTES(".."))) { /* back to the slash before the last segment */
            while (out->size > start && out->ptr[--out->size] != '/')
                ;
            continue;
        }
        buffer_append_byte(out, '/');
        for (size_t i = 0; i < segment.size; i++)
            append_escaped(out, segment.ptr[i]);
    }
    if (ends_with_slash || out->size == start)
        buffer_append_byte(out, '/');
}

struct query_pair {
    struct bytes name, value; /* escaped in the one canonical way */
};

static int compare_pairs(const void *a, const void *b)
{
    const struct query_pair *left = a, *right = b;
    int order = bytes_compare(left->name, right->name);

    return order != 0 ? order : bytes_compare(left->value, right->value);
}

/* %7e, ~ and %7E are the same byte to a signature. */
static struct bytes escape_again(struct arena *arena, struct bytes text)
{
    struct buffer out = BUFFER_INIT(3 * text.size);
    uint8_t byte = 0;

    for (size_t at = 0; at < text.size;) {
        at += request_percent_byte(text, at, &byte);
        append_escaped(&out, byte);
    }

    struct bytes copy = arena_copy(arena, buffer_bytes(&out));

    buffer_free(&out);
    return copy;
}

static void append_query(struct buffer *out, struct http_request *request)
{
    struct query_pair *pairs = NULL;
    size_t count = 0, capacity = 0;
    struct bytes rest = request->query;

    while (rest.size > 0) {
        struct bytes value = take_until(&rest, '&');

        if (value.size == 0)
            continue;
        struct bytes name = take_until(&value, '=');

        if (bytes_equal(name, BYTES("X-Amz-Signature")))
            continue;
        pairs = arena_grow(request->arena, pairs, count, count + 1, &capacity, sizeof *pairs);
        pairs[count++] = (struct query_pair){escape_again(request->arena, name),
                                             escape_again(request->arena, value)};
    }
    if (count > 0)
        qsort(pairs, count, sizeof *pairs, compare_pairs);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(out, '&');
        buffer_append(out, pairs[i].name);
        buffer_append_byte(out, '=');
        buffer_append(out, pairs[i].value);
    }
}

/* Without blanks around it; blanks inside become one space each run. */
static void append_value(struct buffer *out, struct bytes value)
{
    bool blank = false, begun = false;

    for (size_t i = 0; i < value.size; i++) {
        if (value.ptr[i] == ' ' || value.ptr[i] == '\t') {
            blank = begun;
            continue;
        }
        if (blank)
            buffer_append_byte(out, ' ');
        buffer_append_byte(out, value.ptr[i]);
        blank = false;
        begun = true;
    }
}

static void append_headers(struct buffer *out, const struct http_request *request,
                           struct bytes signed_headers)
{
    while (signed_headers.size > 0) {
        struct bytes name = take_until(&signed_headers, ';');
        bool first = true;

        buffer_append(out, name);
        buffer_append_byte(out, ':');
        for (size_t i = 0; i < request->header_count; i++) {
            if (!bytes_equal_ignore_case(request->headers[i].name, name))
                continue;
            if (!first)
                buffer_append_byte(out, ',');
            append_value(out, request->headers[i].value);
            first = false;
        }
        buffer_append_byte(out, '\n');
    }
}

/* The body's own hash, whatever a header says it is; or the word that it is not signed. */
static void append_payload(struct buffer *out, struct http_request *request)
{
    static const char unsigned_payload[] = "UNSIGNED-PAYLOAD";
    struct bytes said = http_header(request, "x-amz-content-sha256");
    char hex[HASH_HEX_SIZE];

    if (said.size == 0)
        (void)http_query(request, "X-Amz-Content-Sha256", &said);
    if (bytes_equal_text(said, unsigned_payload)) {
        buffer_append_text(out, unsigned_payload);
        return;
    }
    hash_hex(http_body_as_sent(request), hex);
    buffer_append(out, bytes_of(hex, sizeof hex));
}

static void append_canonical_request(struct buffer *out, struct http_request *request,
                                     const struct claim *claim)
{
    buffer_append(out, http_method(request));
    buffer_append_byte(out, '\n');
    append_path(out, request->raw_path);
    buffer_append_byte(out, '\n');
    append_query(out, request);
    buffer_append_byte(out, '\n');
    append_headers(out, request, claim->signed_headers);
    buffer_append_byte(out, '\n');
    buffer_append(out, claim->signed_headers);
    buffer_append_byte(out, '\n');
    append_payload(out, request);
}

/* ---- the signature ---- */

static void signing_key(const char *secret, const struct claim *claim, uint8_t ret[HASH_SIZE])
{
    size_t size = strlen(secret) + sizeof "AWS4"; /* with the NUL */
    char *first = mem_new(size);

    snprintf(first, size, "AWS4%s", secret);
    keyed_hash(bytes_of(first, size - 1), claim->date, ret);
    OPENSSL_cleanse(first, size);
    mem_free(first);
    keyed_hash(bytes_of(ret, HASH_SIZE), claim->region, ret);
    keyed_hash(bytes_of(ret, HASH_SIZE), claim->service, ret);
    keyed_hash(bytes_of(ret, HASH_SIZE), claim->terminator, ret);
}

static bool signature_is_right(const char *secret, struct http_request *request,
                               const struct claim *claim)
{
    AUTO(buffer_free) struct buffer text = BUFFER_INIT(CANONICAL_SIZE_MAX);
    uint8_t key[HASH_SIZE], hash[HASH_SIZE];
    char hex[HASH_HEX_SIZE];

    append_canonical_request(&text, request, claim);
    if (buffer_failed(&text))
        return false;
    hash_hex(buffer_bytes(&text), hex);
    buffer_clear(&text);
    buffer_append(&text, BYTES(ALGORITHM "\n"));
    buffer_append(&text, claim->time);
    buffer_append_byte(&text, '\n');
    buffer_append(&text, claim->scope);
    buffer_append_byte(&text, '\n');
    buffer_append(&text, bytes_of(hex, sizeof hex));

    signing_key(secret, claim, key);
    keyed_hash(bytes_of(key, sizeof key), buffer_bytes(&text), hash);
    OPENSSL_cleanse(key, sizeof key);
    to_hex(hash, hex);
    return claim->signature.size == sizeof hex &&
           CRYPTO_memcmp(claim->signature.ptr, hex, sizeof hex) == 0; /* in constant time */
}

static bool names_host(struct bytes signed_headers)
{
    while (signed_headers.size > 0)
        if (bytes_equal_ignore_case(take_until(&signed_headers, ';'), BYTES("host")))
            return true;
    return false;
}

enum status sigv4_check_form(struct http_request *request, struct api_error *reterr)
{
    struct claim claim = {0};

    return read_claim(request, &claim, reterr);
}

enum status sigv4_check(const struct sigv4_keys *keys, struct http_request *request,
                        uint64_t now_ms, struct api_error *reterr)
{
    struct claim claim = {0};
    enum status st = read_claim(request, &claim, reterr);

    if (st == OK)
        st = read_credential(&claim, reterr);
    if (st == OK)
        st = read_time(&claim, reterr);
    if (st != OK)
        return st;
    if (!names_host(claim.signed_headers))
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "'Host' or ':authority' must be a 'SignedHeader' in the AWS "
                          "Authorization.");

    const char *secret = credentials_secret(keys, claim.key_id);

    if (secret == NULL)
        return api_refuse(reterr, API_UNRECOGNIZED_CLIENT,
                          "The security token included in the request is invalid.");
    st = check_time(&claim, now_ms, reterr);
    if (st != OK)
        return st;
    if (!signature_is_right(secret, request, &claim))
        return api_refuse(reterr, API_INVALID_SIGNATURE,
                          "The request signature we calculated does not match the signature you "
                          "provided. Check your AWS Secret Access Key and signing method. Consult "
                          "the service documentation for details.");
    return OK;
}
