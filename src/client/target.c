/* client/target.c - see target.h. */
#include "client/target.h"

#include <stdarg.h>
#include <stdio.h>

#define REGION_SIZE_MAX 32

static enum status refuse(char message[TARGET_MESSAGE_SIZE], const char *format, ...)
    PRINTF_LIKE(2, 3);

static enum status refuse(char message[TARGET_MESSAGE_SIZE], const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(message, TARGET_MESSAGE_SIZE, format, args);
    va_end(args);
    return REFUSED;
}

static const char *first_of(const char *a, const char *b)
{
    return a != NULL ? a : b;
}

static const char *copy(struct arena *arena, const char *text)
{
    return text != NULL ? arena_copy_text(arena, bytes_of_text(text)) : NULL;
}

/* ---- AWS's hosts ---- */

static const struct {
    const char *host, *signing_name;
    const char *configured; /* in settings, and in capitals in the environment */
} services[TARGET_SERVICE_COUNT] = {
    [TARGET_DYNAMODB] = {"dynamodb", "dynamodb", "dynamodb"},
    [TARGET_DYNAMODB_STREAMS] = {"streams.dynamodb", "dynamodb", "dynamodb_streams"},
    [TARGET_EVENTS] = {"events", "events", "eventbridge"},
    [TARGET_LAMBDA] = {"lambda", "lambda", "lambda"},
    [TARGET_LOGS] = {"logs", "logs", "cloudwatch_logs"},
};

/* Partitions: regions that begin so have hosts that end so. */
static const struct {
    const char *region, *host;
} partitions[] = {
    {"cn-", ".amazonaws.com.cn"},
    {"us-iso-", ".c2s.ic.gov"},
    {"us-isob-", ".sc2s.sgov.gov"},
    {"", ".amazonaws.com"},
};

const char *target_signing_name(enum target_service service)
{
    return services[service].signing_name;
}

static const char *host_end(const char *region)
{
    size_t i = 0;

    while (!bytes_start_with(bytes_of_text(region), bytes_of_text(partitions[i].region)))
        i++;
    return partitions[i].host;
}

/* In the partition of the US government most hosts are FIPS's as they are. */
static bool has_fips_name(enum target_service service, const char *region)
{
    return service == TARGET_LAMBDA || !bytes_start_with(bytes_of_text(region), BYTES("us-gov-"));
}

static struct bytes aws_url(struct arena *arena, enum target_service service, const char *region,
                            bool is_fips)
{
    return arena_printf(arena, "https://%s%s.%s%s", services[service].host,
                        is_fips && has_fips_name(service, region) ? "-fips" : "", region,
                        host_end(region));
}

struct bytes target_url(struct arena *arena, const struct target *target,
                        enum target_service service)
{
    if (target->others[service] != NULL)
        return bytes_of_text(target->others[service]);
    if (target->is_aws && service != TARGET_DYNAMODB)
        return aws_url(arena, service, target->region, target->is_fips);
    return bytes_of_text(target->url);
}

/* ---- endpoint ---- */

static bool is_region(const char *text)
{
    size_t size = strlen(text);

    return size > 0 && size <= REGION_SIZE_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static bool is_http(struct bytes url)
{
    return bytes_start_with(url, BYTES("http://")) || bytes_start_with(url, BYTES("https://"));
}

/* "localhost:8000" is a URL too; slashes at the end go. */
static enum status set_url(struct arena *arena, const char *text, struct target *target,
                           char message[TARGET_MESSAGE_SIZE])
{
    struct bytes url = bytes_of_text(text);

    if (bytes_find(url, BYTES("://")) == SIZE_MAX)
        url = arena_printf(arena, "http://%s", text);
    while (url.size > 0 && url.ptr[url.size - 1] == '/')
        url.size--;
    if (!is_http(url))
        return refuse(message, "The endpoint \"%s\" is no URL. A URL looks like this: %s", text,
                      TARGET_ENDPOINT_DEFAULT);

    struct bytes host = bytes_slice(url, bytes_find(url, BYTES("://")) + 3, url.size);

    if (host.size > 0 && host.ptr[0] == '[')
        host = bytes_slice(host, 1, bytes_find_byte(host, ']', 0) - 1);
    else
        host = bytes_slice(host, 0, strcspn(arena_copy_text(arena, host), ":/?#"));
    if (host.size == 0)
        return refuse(message, "The endpoint \"%s\" names no host. A URL looks like this: %s", text,
                      TARGET_ENDPOINT_DEFAULT);
    target->url = arena_copy_text(arena, url);
    target->host = arena_copy_text(arena, host);
    return OK;
}

static bool is_aws_host(struct bytes host)
{
    for (size_t i = 0; i < ARRAY_COUNT(partitions); i++)
        if (bytes_end_with(host, bytes_of_text(partitions[i].host)))
            return true;
    return bytes_end_with(host, BYTES(".api.aws"));
}

static void look_at_host(struct arena *arena, struct target *target)
{
    static const char *const names[] = {"dynamodb.", "dynamodb-fips."};
    struct bytes host = bytes_of_text(target->host);

    target->is_aws = is_aws_host(host);
    target->is_this_machine = bytes_equal_text(host, "localhost") ||
                              bytes_equal_text(host, "0.0.0.0") || bytes_equal_text(host, "::1") ||
                              bytes_start_with(host, BYTES("127."));
    for (size_t i = 0; target->is_aws && i < ARRAY_COUNT(names); i++) {
        size_t at = strlen(names[i]);

        if (!bytes_start_with(host, bytes_of_text(names[i])))
            continue;
        target->is_fips = target->is_fips || i == 1;
        target->region =
            arena_copy_text(arena, bytes_slice(host, at, bytes_find_byte(host, '.', at) - at));
    }
}

/* ---- what is configured ---- */

struct configured {
    struct arena *arena;
    const struct settings *settings;
    const char *general; /* for every service; NULL: nothing */
    bool ignored;
};

static struct configured configured_of(struct arena *arena, const struct settings *settings)
{
    const char *ignore = settings_environment(arena, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

    if (ignore == NULL)
        ignore = settings_get(arena, settings, "ignore_configured_endpoint_urls");
    return (struct configured){.arena = arena,
                               .settings = settings,
                               .general = settings_environment(arena, "AWS_ENDPOINT_URL"),
                               .ignored = settings_is_true(ignore)};
}

static const char *variable_of(struct arena *arena, enum target_service service)
{
    char *name = arena_copy_text(
        arena, arena_printf(arena, "AWS_ENDPOINT_URL_%s", services[service].configured));

    for (char *c = name; *c != '\0'; c++)
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    return name;
}

/* NULL: nothing. */
static const char *configured_url(const struct configured *configured, enum target_service service)
{
    struct arena *arena = configured->arena;
    const char *url = NULL;

    if (configured->ignored)
        return NULL;
    url = first_of(settings_environment(arena, variable_of(arena, service)), configured->general);
    if (url == NULL)
        url = settings_get_of_service(arena, configured->settings, services[service].configured,
                                      "endpoint_url");
    return url != NULL ? url : settings_get(arena, configured->settings, "endpoint_url");
}

/* Services that the configuration has elsewhere. Who names its endpoint for DynamoDB names the
 * configured place; who names another one has all there. */
static enum status set_others(const struct configured *configured, struct target *target,
                              char message[TARGET_MESSAGE_SIZE])
{
    const char *url = configured_url(configured, TARGET_DYNAMODB);
    struct target other = {0};

    if (set_url(configured->arena, first_of(url, TARGET_ENDPOINT_DEFAULT), &other, message) != OK)
        return url == NULL ? REFUSED : OK; /* nobody asked for it */
    assert(other.url != NULL);
    if (strcmp(other.url, target->url) != 0)
        return OK;
    for (enum target_service i = TARGET_DYNAMODB + 1; i < TARGET_SERVICE_COUNT; i++) {
        url = configured_url(configured, i);
        if (url == NULL)
            continue;
        if (set_url(configured->arena, url, &other, message) != OK)
            return REFUSED;
        if (strcmp(other.url, target->url) != 0)
            target->others[i] = other.url;
    }
    return OK;
}

/* ---- AWS, or somebody else ---- */

static enum status read_kind_of_host(struct arena *arena, const struct settings *settings,
                                     struct target *target, char message[TARGET_MESSAGE_SIZE])
{
    const char *fips = settings_environment(arena, "AWS_USE_FIPS_ENDPOINT");
    const char *dual = settings_environment(arena, "AWS_USE_DUALSTACK_ENDPOINT");

    if (fips == NULL)
        fips = settings_get(arena, settings, "use_fips_endpoint");
    if (dual == NULL)
        dual = settings_get(arena, settings, "use_dualstack_endpoint");
    target->is_fips = settings_is_true(fips);
    if (settings_is_true(dual))
        return refuse(message, "AWS_USE_DUALSTACK_ENDPOINT (use_dualstack_endpoint) is not "
                               "supported: name the host with --endpoint.");
    return OK;
}

static enum status check_region(const char *region, char message[TARGET_MESSAGE_SIZE])
{
    if (region == NULL || is_region(region))
        return OK;
    return refuse(message, "\"%s\" is no region. A region looks like this: eu-central-1", region);
}

static enum status find_endpoint(struct arena *arena, const struct target_options *options,
                                 const struct settings *settings, struct target *target,
                                 char message[TARGET_MESSAGE_SIZE])
{
    struct configured configured = configured_of(arena, settings);
    const char *url = options->endpoint;

    if (check_region(options->region, message) != OK)
        return REFUSED;
    if (url == NULL && options->region != NULL) {
        if (read_kind_of_host(arena, settings, target, message) != OK)
            return REFUSED;
        url = arena_copy_text(arena,
                              aws_url(arena, TARGET_DYNAMODB, options->region, target->is_fips));
    }
    if (url == NULL)
        url = first_of(configured_url(&configured, TARGET_DYNAMODB), TARGET_ENDPOINT_DEFAULT);
    if (set_url(arena, url, target, message) != OK)
        return REFUSED;
    look_at_host(arena, target);
    return set_others(&configured, target, message);
}

static enum status find_region(struct arena *arena, const struct target_options *options,
                               const struct settings *settings, struct target *target,
                               char message[TARGET_MESSAGE_SIZE])
{
    if (options->region != NULL || target->region == NULL)
        target->region =
            first_of(copy(arena, options->region), settings_environment(arena, "AWS_REGION"));
    if (target->region == NULL)
        target->region = settings_environment(arena, "AWS_DEFAULT_REGION");
    if (target->region == NULL)
        target->region = first_of(settings_get(arena, settings, "region"), "us-east-1");
    return check_region(target->region, message);
}

static enum status find_keys(struct arena *arena, const struct target_options *options,
                             const struct settings *settings, struct target *target,
                             char message[TARGET_MESSAGE_SIZE])
{
    struct credentials_wanted wanted = {.settings = settings,
                                        .profile_was_asked = options->profile != NULL,
                                        .are_needed = options->profile != NULL || target->is_aws,
                                        .may_run = !target->is_this_machine};
    struct credentials keys;

    if (credentials_find(arena, &wanted, &keys, message) != OK)
        return NOT_PERMITTED;
    if (keys.key_id == NULL)
        keys.key_id = keys.secret = "dynlog"; /* any will do */
    target->key_id = keys.key_id;
    target->secret = keys.secret;
    target->token = keys.token;
    target->process = keys.process;
    target->expires_ms = keys.expires_ms;
    return OK;
}

enum status target_resolve(struct arena *arena, const struct target_options *options,
                           struct target *ret, char message[TARGET_MESSAGE_SIZE])
{
    const char *profile = first_of(options->profile, settings_environment(arena, "AWS_PROFILE"));
    struct target target = {0};
    struct settings settings;

    settings_read(arena, first_of(profile, "default"), &settings);
    if (find_endpoint(arena, options, &settings, &target, message) != OK ||
        find_region(arena, options, &settings, &target, message) != OK)
        return REFUSED;
    if (find_keys(arena, options, &settings, &target, message) != OK)
        return NOT_PERMITTED;
    target.ca_bundle = first_of(settings_environment(arena, "AWS_CA_BUNDLE"),
                                settings_get(arena, &settings, "ca_bundle"));
    target.table = copy(arena, options->table);
    if (target.table == NULL)
        target.table =
            arena_copy_text(arena, arena_printf(arena, "%s" TARGET_TABLE_SUFFIX,
                                                first_of(options->stage, TARGET_STAGE_DEFAULT)));
    *ret = target;
    return OK;
}
