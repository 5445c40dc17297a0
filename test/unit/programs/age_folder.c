/* test/unit/programs/age_folder.c - FOLDER TABLE: makes the data folder of a dynlog that has ended
 * look as an older one left it, whose events have no positions: what starts on it next fills the
 * order (engine/order_fill.c). */
#include "engine/order_test.h"

int main(int argc, char **argv)
{
    struct test_engine t;

    if (argc != 3) {
        fprintf(stderr, "usage: age_folder FOLDER TABLE\n");
        return 2;
    }
    test_engine_open(&t, argv[1]);
    test_age(&t, argv[2]);
    test_engine_close(&t);
    return 0;
}
