/* server/identity.c - the store's id: a UUID written once, at a store's first start. Others
 * remember positions by it, because a store made anew counts from 1 again. */
#include "server/internal.h"

struct identity {
    struct store_work work;
    struct server *server;
    char id[ID_UUID_SIZE];
    void (*done)(struct server *server, bool ok);
};

static void write_id(struct store_batch *batch, struct store_work *work)
{
    struct identity *identity = CONTAINER_OF(work, struct identity, work);

    store_batch_put(batch, STORE_CATALOGUE, BYTES(SERVER_STORE_ID_KEY),
                    bytes_of_text(identity->id));
}

static void written(struct store_work *work, enum status status)
{
    struct identity *identity = CONTAINER_OF(work, struct identity, work);

    if (status != OK)
        output_error("the data folder can't be written: %s", status_text(status));
    identity->done(identity->server, status == OK);
    mem_free(identity);
}

void identity_ensure(struct server *server, void (*done)(struct server *server, bool ok))
{
    AUTO(store_value_release) struct store_value value = {0};

    if (store_get(server->store, NULL, STORE_CATALOGUE, BYTES(SERVER_STORE_ID_KEY), &value) == OK) {
        done(server, true);
        return;
    }

    struct identity *identity = mem_new(sizeof *identity);

    identity->server = server;
    identity->done = done;
    identity->work.run = write_id;
    identity->work.done = written;
    id_uuid(identity->id);
    store_submit(server->store, server->port, &identity->work);
}
