/* functions/code.c - see code.h. */
#include "functions/code.h"

#include "base/base64.h"
#include "base/file.h"
#include "base/map.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>

struct code {
    size_t references;
};

struct codes {
    uv_loop_t *loop;
    char *folder;
    void (*idle)(void *context);
    void *context;
    struct map by_hash; /* struct code */
    struct list queue;  /* jobs; the first runs */
    bool running, stopping, kept;
    uint64_t made; /* folders, for their names */
};

struct codes *codes_new(uv_loop_t *loop, const char *folder, void (*idle)(void *context),
                        void *context)
{
    struct codes *codes = mem_new(sizeof *codes);

    codes->loop = loop;
    codes->folder = folder != NULL ? mem_copy_text(folder) : NULL;
    codes->idle = idle;
    codes->context = context;
    list_init(&codes->queue);
    return codes;
}

bool codes_busy(const struct codes *codes)
{
    return !list_empty(&codes->queue);
}

void codes_keep(struct codes *codes, bool kept)
{
    codes->kept = kept;
}

void codes_stop(struct codes *codes)
{
    codes->stopping = true;
}

void codes_free(struct codes *codes)
{
    size_t at = 0;
    struct bytes key;
    void *code = NULL;

    if (codes == NULL)
        return;
    assert(!codes_busy(codes));
    while (map_next(&codes->by_hash, &at, &key, &code))
        mem_free(code);
    map_free(&codes->by_hash);
    mem_free(codes->folder);
    mem_free(codes);
}

struct bytes codes_path(const struct codes *codes, struct arena *arena, struct bytes hash)
{
    return arena_printf(arena, "%s/%.*s", codes->folder != NULL ? codes->folder : "",
                        BYTES_ARG(hash));
}

static char *path_text(const struct codes *codes, struct arena *arena, const char *name)
{
    return arena_copy_text(arena, codes_path(codes, arena, bytes_of_text(name)));
}

/* ---- jobs: on a thread that may wait ---- */

static enum status refuse_fault(struct code_job *job, enum unzip_fault fault)
{
    switch (fault) {
    case UNZIP_EMPTY:
        return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                          "Uploaded file must be a non-empty zip");
    case UNZIP_TOO_LARGE:
        return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                          "Unzipped size must be smaller than %llu bytes",
                          (unsigned long long)UNZIP_SIZE_MAX);
    case UNZIP_TOO_MANY:
        return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                          "The zip holds more than %llu files",
                          (unsigned long long)UNZIP_ENTRIES_MAX);
    case UNZIP_BAD_LINK:
        return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                          "Could not unzip uploaded file: a symbolic link in it leads outside, or "
                          "lies behind another one.");
    case UNZIP_BAD_NAME:
        return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                          "Could not unzip uploaded file: a name in it is absolute, leads outside, "
                          "or is of a file and of a folder.");
    case UNZIP_BAD_KIND:
        return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                          "Could not unzip uploaded file: it holds something that is neither a "
                          "file, a folder nor a link.");
    case UNZIP_NO_FAULT:
    case UNZIP_NO_ZIP:
    case UNZIP_DISK:
        break;
    }
    return api_refuse(&job->error, API_LAMBDA_INVALID_PARAMETER,
                      "Could not unzip uploaded file. Please check your file, then try to upload "
                      "again.");
}

static enum status decode_zip(struct code_job *job, struct bytes *ret)
{
    if (base64_decode(job->arena, job->zip_text, ret) != BASE64_NO_FAULT)
        return api_refuse(&job->error, API_SERIALIZATION, "The ZipFile is not base64-encoded");
    if (ret->size > CODE_ZIP_SIZE_MAX)
        return api_refuse(&job->error, API_REQUEST_TOO_LARGE,
                          "The zip of a direct upload has at most %zu bytes, this one has %zu",
                          CODE_ZIP_SIZE_MAX, ret->size);
    if (ret->size == 0)
        return refuse_fault(job, UNZIP_EMPTY);
    job->size = ret->size;
    return OK;
}

static void hash_zip(struct code_job *job, struct bytes zip)
{
    uint8_t digest[FUNCTION_CODE_HASH_SIZE / 2];
    unsigned size = 0;

    if (EVP_Digest(zip.ptr, zip.size, digest, &size, EVP_sha256(), NULL) != 1 ||
        size != sizeof digest)
        assert(false && "libcrypto has SHA-256");
    for (size_t i = 0; i < sizeof digest; i++)
        snprintf(job->hash + 2 * i, 3, "%02x", digest[i]);
}

/* Beside, then renamed: what has a hash for a name is whole. */
static enum status unpack_into(struct code_job *job, struct bytes zip, const char *fresh)
{
    const char *path = path_text(job->codes, job->arena, job->hash);
    enum status status = file_remove_folder(fresh); /* what a crash left under this name */
    enum unzip_fault fault = UNZIP_NO_FAULT;

    if (status == OK)
        status = file_make_folder(fresh);
    if (status != OK)
        return status;
    fault = unzip(zip, fresh, &status);
    if (fault != UNZIP_NO_FAULT && fault != UNZIP_DISK)
        status = refuse_fault(job, fault);
    if (status == OK && !job->only_look) {
        if (rename(fresh, path) != 0)
            return status_of_errno(errno);
        return file_sync_folder(job->codes->folder);
    }
    enum status removed = file_remove_folder(fresh);

    return status == OK ? removed : status;
}

static enum status run_unpack(struct code_job *job)
{
    struct bytes zip = {NULL, 0};
    enum status status = OK;

    if (job->codes->folder == NULL)
        return NOT_PERMITTED;
    status = decode_zip(job, &zip);
    if (status != OK)
        return status;
    hash_zip(job, zip);
    if (file_exists(path_text(job->codes, job->arena, job->hash)))
        return OK;
    return unpack_into(job, zip, job->folder);
}

/* Renamed first, so that what has a hash for a name is whole. */
static enum status run_remove(struct code_job *job)
{
    if (job->hash[0] == '\0')
        return file_remove_folder(job->folder);
    const char *aside = path_text(job->codes, job->arena, job->aside);
    enum status status = file_remove_folder(aside); /* what a crash left under this name */

    if (status != OK)
        return status;
    if (rename(job->folder, aside) != 0)
        return status_of_errno(errno);
    return file_remove_folder(aside);
}

static void on_thread(uv_work_t *work)
{
    struct code_job *job = CONTAINER_OF(work, struct code_job, work);

    job->status = job->kind == CODE_UNPACK ? run_unpack(job) : run_remove(job);
}

/* ---- jobs: one after the other ---- */

static void start_next(struct codes *codes);

static void job_free(struct code_job *job)
{
    mem_free(job->folder);
    arena_free(job->arena);
    if (job->kind != CODE_UNPACK)
        mem_free(job);
}

static void job_ended(struct code_job *job, enum status status)
{
    struct codes *codes = job->codes;

    list_remove(&job->in_queue);
    codes->running = false;
    arena_free(job->arena);
    mem_free(job->folder);
    job->arena = NULL;
    job->folder = NULL;
    if (job->kind != CODE_UNPACK) {
        job_free(job);
    } else {
        if (status == OK && !job->only_look)
            codes_ref(codes, bytes_of_text(job->hash));
        job->done(job, status);
    }
    start_next(codes);
    if (!codes_busy(codes))
        codes->idle(codes->context);
}

static void after_thread(uv_work_t *work, int canceled)
{
    struct code_job *job = CONTAINER_OF(work, struct code_job, work);

    job_ended(job, canceled != 0 ? CLOSED : job->status);
}

/* Somebody may have referred to it again. */
static bool is_wanted(const struct code_job *job)
{
    return job->kind == CODE_REMOVE && job->hash[0] != '\0' &&
           map_has(&job->codes->by_hash, bytes_of_text(job->hash));
}

static void start_next(struct codes *codes)
{
    while (!codes->running && !list_empty(&codes->queue)) {
        struct code_job *job = LIST_ITEM(codes->queue.next, struct code_job, in_queue);

        if (is_wanted(job) || ((codes->stopping || codes->kept) && job->kind == CODE_REMOVE)) {
            list_remove(&job->in_queue);
            job_free(job);
            continue;
        }
        codes->running = true;
        if (uv_queue_work(codes->loop, &job->work, on_thread, after_thread) != 0)
            job_ended(job, IO_ERROR);
    }
}

static void job_add(struct codes *codes, struct code_job *job)
{
    job->codes = codes;
    job->arena = arena_new();
    list_append(&codes->queue, &job->in_queue);
    start_next(codes);
}

void codes_unpack(struct codes *codes, struct code_job *job)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    char name[32];

    snprintf(name, sizeof name, "new-%llu", (unsigned long long)codes->made++);
    job->kind = CODE_UNPACK;
    job->error = (struct api_error){.kind = API_NO_ERROR};
    job->folder = mem_copy_text(path_text(codes, arena, name));
    job_add(codes, job);
}

static void remove_later(struct codes *codes, const char *name, bool is_hash)
{
    AUTO(arena_release) struct arena *arena = arena_new();
    struct code_job *job = mem_new(sizeof *job);

    job->kind = CODE_REMOVE;
    if (is_hash) {
        snprintf(job->hash, sizeof job->hash, "%s", name);
        snprintf(job->aside, sizeof job->aside, "old-%llu", (unsigned long long)codes->made++);
    }
    job->folder = mem_copy_text(path_text(codes, arena, name));
    job_add(codes, job);
}

/* ---- references ---- */

void codes_ref(struct codes *codes, struct bytes hash)
{
    struct code *code = map_get(&codes->by_hash, hash);

    if (code == NULL) {
        code = mem_new(sizeof *code);
        map_put(&codes->by_hash, hash, code);
    }
    code->references++;
}

void codes_unref(struct codes *codes, struct bytes hash)
{
    struct code *code = map_get(&codes->by_hash, hash);
    char name[FUNCTION_CODE_HASH_SIZE + 1];

    assert(code != NULL && code->references > 0);
    if (--code->references > 0)
        return;
    snprintf(name, sizeof name, "%.*s", BYTES_ARG(hash));
    map_remove(&codes->by_hash, hash);
    mem_free(code);
    if (!codes->stopping && !codes->kept)
        remove_later(codes, name, true);
}

void codes_sweep(struct codes *codes)
{
    DIR *folder = codes->folder != NULL ? opendir(codes->folder) : NULL;
    struct dirent *entry = NULL;

    if (folder == NULL)
        return; /* nothing was ever unpacked */
    while ((entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.' && !map_has(&codes->by_hash, bytes_of_text(entry->d_name)))
            remove_later(codes, entry->d_name, strlen(entry->d_name) == FUNCTION_CODE_HASH_SIZE);
    closedir(folder);
}
