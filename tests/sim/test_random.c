/* SPDX-License-Identifier: ISC */
/*
 * Drawn scenarios over simulated links; sim_run() checks what must always hold.
 * usage: test-sim-random scenarios|faults SEED...
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/random.h"
#include "sim/simulator.h"

enum { RANDOM_TEXT_BYTES = 1024 };

/* What a seed means, and for how long it runs. */
static const struct kind {
    const char *name;
    bool (*draw)(uint64_t seed, struct sim_config *config, struct linkspecs *specs, char *text,
                 size_t text_bytes);
    int64_t run_ns;
} kinds[] = {
    { "scenarios", random_scenario, 6 * NS_PER_S },
    /* Links that fail in every way, and traffic whenever one of them could carry it. */
    { "faults", random_faults, 20 * NS_PER_S },
};

static const struct kind *kind;
static char **seeds;

static void every_seed_holds(void **state)
{
    (void)state;
    for (char **seed = seeds; *seed != NULL; seed++) {
        char text[RANDOM_TEXT_BYTES];
        struct linkspecs specs;
        struct sim_config config;
        struct sim_result result;
        sim_config_default(&config);
        config.times.run_ns = kind->run_ns;
        config.times.warmup_ns = 2 * NS_PER_S;
        assert_true(kind->draw(strtoull(*seed, NULL, 10), &config, &specs, text, sizeof(text)));
        if (!sim_run(&config, &result))
            fail_msg("seed %s: %s (%s)", *seed, result.message, text);
        linkspecs_free(&specs);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_seed_holds) };
    for (size_t i = 0; argc > 2 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(argv[1], kinds[i].name) == 0)
            kind = &kinds[i];
    }
    if (kind == NULL)
        return EXIT_FAILURE;
    seeds = argv + 2;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
