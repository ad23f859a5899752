/* SPDX-License-Identifier: ISC */
/* The states of a path: each row of the table in life.h, and what is to be done for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bond/path/life.h"

#define STATES "cpusdb" /* closed, probing, up, suspect, down, standby */

static struct tstamp at_ms(int64_t ms)
{
    return (struct tstamp){ NS_PER_S + ms * NS_PER_MS };
}

static const struct {
    enum life_event event;
    const char *to; /* for each of STATES; '.': nothing happens */
} rows[] = {
    { LIFE_NOTHING, "......" },   { LIFE_OPEN, "p....p" },  { LIFE_HOLD, "bbbbb." },
    { LIFE_SWITCH_ON, ".....b" }, { LIFE_CALL, ".....p" },  { LIFE_CALL_FRESH, ".....u" },
    { LIFE_CLOSE, ".ccccc" },     { LIFE_DOUBT, "..s..." }, { LIFE_GIVE_UP, "...d.." },
    { LIFE_RETRY, "....p." },     { LIFE_GOOD, ".u.uu." },  { LIFE_UNFIT, ".pp.p." },
};

static void each_event_does_what_the_table_says(void **state)
{
    (void)state;
    assert_int_equal(sizeof rows / sizeof rows[0], LIFE_EVENTS);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned from = 0; from < strlen(STATES); from++) {
            const struct life_facts facts = { .pn_next = 7 };
            struct life_effects effects;
            struct path_life l;
            life_init(&l, at_ms(0));
            l.state = (enum bond_path_state)from;
            bool changes = life_event(&l, at_ms(5), rows[i].event, &facts, &effects);
            char to = rows[i].to[from];
            assert_int_equal(changes, to != '.');
            assert_int_equal(STATES[l.state], changes ? to : STATES[from]);
            assert_int_equal(l.since.ns, at_ms(changes ? 5 : 0).ns);
        }
    }
}

/* Takes a new path through some events. */
static struct life_effects live(struct path_life *l, const struct life_facts *facts,
                                const enum life_event *events, size_t count)
{
    struct life_effects e = { 0 };
    life_init(l, at_ms(0));
    for (size_t i = 0; i < count; i++)
        assert_true(life_event(l, at_ms((int64_t)i), events[i], facts, &e));
    return e;
}
#define LIVE(l, facts, ...)                                                                        \
    live(l, facts, (enum life_event[]){ __VA_ARGS__ },                                             \
         sizeof((enum life_event[]){ __VA_ARGS__ }) / sizeof(enum life_event))

static const struct life_facts nothing = { 0 };

static void who_fails_has_fallen_and_earns_its_trust(void **state)
{
    struct path_life l;
    (void)state;
    struct life_effects e = LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT);
    assert_false(e.falls || e.distrust);
    assert_int_equal(e.probe, LIFE_PROBE_NOW);
    e = LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT, LIFE_GIVE_UP);
    assert_true(e.falls && e.distrust && e.sound);
    e = LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_UNFIT);
    assert_true(e.falls && e.distrust);
    e = LIVE(&l, &nothing, LIFE_OPEN, LIFE_UNFIT); /* it carried nothing */
    assert_true(e.falls && !e.distrust);
}

static void who_is_closed_or_switched_off_is_forgiven(void **state)
{
    const struct life_facts off = { .off = true };
    struct path_life l;
    (void)state;
    struct life_effects e = LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_CLOSE);
    assert_true(e.falls && e.forgive && e.sound && e.be_quiet);
    assert_int_equal(e.probe, LIFE_PROBE_NEVER);
    e = LIVE(&l, &off, LIFE_OPEN, LIFE_GOOD, LIFE_HOLD);
    assert_true(e.falls && e.forgive && e.be_quiet);
    e = LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_HOLD);
    assert_false(e.falls || e.forgive || e.be_quiet);
    assert_int_equal(e.probe, LIFE_PROBE_STANDBY);
}

/* Three good answers end "down", one is enough elsewhere: also where it was closed while down. */
static void down_asks_for_more_and_only_down_does(void **state)
{
    struct path_life l;
    (void)state;
    LIVE(&l, &nothing, LIFE_OPEN);
    assert_int_equal(l.needed, 1);
    LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT, LIFE_GIVE_UP);
    assert_int_equal(l.needed, 3);
    LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT, LIFE_GIVE_UP, LIFE_RETRY);
    assert_int_equal(l.needed, 1);
    LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT, LIFE_GIVE_UP, LIFE_CLOSE, LIFE_OPEN);
    assert_int_equal(l.needed, 1);
}

static void answers_count_from_the_question_on(void **state)
{
    const struct life_facts facts = { .pn_next = 100 };
    struct path_life l;
    (void)state;
    LIVE(&l, &facts, LIFE_OPEN);
    assert_false(life_answered(&l, at_ms(10), 99));
    assert_int_equal(life_judge(&l, at_ms(10), 0, false), LIFE_NOTHING);
    assert_true(life_answered(&l, at_ms(20), 100));
    assert_int_equal(life_judge(&l, at_ms(20), 0, false), LIFE_GOOD);
    assert_int_equal(life_judge(&l, at_ms(20), 0, true), LIFE_UNFIT);
    /* one that has to earn its trust answers for so long, without a pause */
    assert_int_equal(life_judge(&l, at_ms(20), 500 * NS_PER_MS, false), LIFE_NOTHING);
    assert_true(life_answered(&l, at_ms(521), 101));
    assert_int_equal(life_judge(&l, at_ms(521), 500 * NS_PER_MS, false), LIFE_GOOD);
    assert_int_equal(life_judge(&l, at_ms(1600), 600 * NS_PER_MS, false), LIFE_NOTHING);
    assert_int_equal(l.good, 0);
    /* a suspicion is cleared by any answer, a late one as well */
    LIVE(&l, &facts, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT);
    assert_true(life_answered(&l, at_ms(30), 5));
    assert_int_equal(life_judge(&l, at_ms(30), NS_PER_S, true), LIFE_GOOD);
}

static void a_false_alarm_is_told_apart(void **state)
{
    const struct life_facts silent = { .silent = true, .given_up = true };
    struct path_life l;
    (void)state;
    assert_true(LIVE(&l, &silent, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT).ask);
    LIVE(&l, &silent, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT, LIFE_GOOD);
    assert_true(l.false_alarm);
    LIVE(&l, &nothing, LIFE_OPEN, LIFE_GOOD, LIFE_DOUBT, LIFE_GOOD);
    assert_false(l.false_alarm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_does_what_the_table_says),
        cmocka_unit_test(who_fails_has_fallen_and_earns_its_trust),
        cmocka_unit_test(who_is_closed_or_switched_off_is_forgiven),
        cmocka_unit_test(down_asks_for_more_and_only_down_does),
        cmocka_unit_test(answers_count_from_the_question_on),
        cmocka_unit_test(a_false_alarm_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
