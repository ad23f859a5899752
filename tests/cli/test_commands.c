/* SPDX-License-Identifier: ISC */
/*
 * What hawser tells of many peers, of one and of none, of links, and how it finds its tunnel.
 *
 * usage: test_commands HAWSER
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/harness.h"
#include "cli/keyboard.h"

enum { MANY_PEERS = 1000, MANY_BYTES = 4 << 20 };

/* A path as the daemon tells it, some 600 bytes. */
#define PATH(name, state, own)                                                                     \
    "{\"link\":\"" name "\",\"state\":\"" state "\",\"why\":\"in use\",\"validated\":true,"        \
    "\"own\":" own ",\"use\":\"active\",\"local\":\"198.51.100.2\","                               \
    "\"remote\":\"192.0.2.9:4297\",\"rtt_ms\":25.123456789,\"rtt_min_ms\":24.0,\"owd_ms\":12.0,"   \
    "\"jitter_ms\":0.42,\"loss\":0.001,\"tx_rate_bps\":10000000,\"rx_rate_bps\":50000000,"         \
    "\"tx_bps\":1000000,\"rx_bps\":2000000,\"mtu\":1472,\"tx_bytes\":1,\"rx_bytes\":2,"            \
    "\"tx_packets\":1,\"rx_packets\":2,\"resent\":0,\"inflight_bytes\":30000,\"queue_ms\":3.0}"
#define PEER_FORMAT                                                                                \
    "{\"name\":\"%s\",\"public_key\":\"nE8FLoGzMKTG0kG3iR9qjT/5/DHquRoC1sXtMg0rLXg=\","            \
    "\"state\":\"%s\",\"endpoint\":\"192.0.2.9:4297\",\"handshake_age_s\":3,\"tx_bytes\":3,"       \
    "\"rx_bytes\":4,\"cipher\":\"aes-256-gcm\",\"limit\":\"nothing: idle\",\"paths\":[%s],"        \
    "\"lanes\":3,\"reorder_held\":0,\"reorder_late\":0,\"drops\":{}}"

static char answer[MANY_BYTES];

/* What the tunnel has: peers are each NAME:STATE. */
static struct {
    const char *const *peers;
    size_t count;
    const char *paths;
    const char *links;
} tunnel;

/* Its status, with one peer alone where a name is given. */
static const char *whole_answer(const char *only)
{
    size_t at = (size_t)snprintf(answer, sizeof answer,
                                 "{\"ok\":true,\"status\":{\"version\":\"0.1.0\",\"interface\":"
                                 "\"hawser0\",\"uptime_s\":60,\"mtu\":1420,\"links\":[%s],"
                                 "\"peers\":[",
                                 tunnel.links);
    bool first = true;
    for (size_t i = 0; i < tunnel.count; i++) {
        char name[64];
        const char *colon = strchr(tunnel.peers[i], ':');
        snprintf(name, sizeof name, "%.*s", (int)(colon - tunnel.peers[i]), tunnel.peers[i]);
        if (only != NULL && strcmp(name, only) != 0)
            continue;
        at += (size_t)snprintf(answer + at, sizeof answer - at, "%s" PEER_FORMAT, first ? "" : ",",
                               name, colon + 1, tunnel.paths);
        assert_true(at < sizeof answer);
        first = false;
    }
    snprintf(answer + at, sizeof answer - at, "]}}\n");
    return answer;
}

/* NAME:STATE as a summary tells it; one that ends with a number has so many of two links up, one
 * that begins with "new" never came. */
static size_t brief(char *out, size_t room, const char *peer)
{
    const char *colon = strchr(peer, ':');
    bool came = strncmp(peer, "new", 3) != 0;
    char last = colon[-1];
    return (size_t)snprintf(
        out, room,
        "{\"name\":\"%.*s\",\"state\":\"%s\",\"why\":\"so it is\",\"why_code\":\"%s\","
        "\"endpoint\":null,\"handshake_age_s\":%s,\"tx_bytes\":1024,\"rx_bytes\":2048,\"links\":2,"
        "\"links_up\":%c,\"rtt_ms\":25.1,\"loss\":%s,\"tx_bps\":1000000,\"rx_bps\":2000000}",
        (int)(colon - peer), peer, colon + 1, came ? "no-answer" : "waiting", came ? "3" : "null",
        last >= '0' && last <= '2' ? last : '2', strncmp(peer, "lossy", 5) == 0 ? "0.1" : "0.0");
}

static const char *summary_answer(void)
{
    size_t at = (size_t)snprintf(answer, sizeof answer,
                                 "{\"ok\":true,\"status\":{\"version\":\"0.1.0\",\"interface\":"
                                 "\"hawser0\",\"uptime_s\":60,\"mtu\":1420,\"peers\":[");
    for (size_t i = 0; i < tunnel.count; i++) {
        if (i > 0)
            answer[at++] = ',';
        at += brief(answer + at, sizeof answer - at, tunnel.peers[i]);
        assert_true(at < sizeof answer);
    }
    snprintf(answer + at, sizeof answer - at, "],\"links\":[%s]}}\n", tunnel.links);
    return answer;
}

static const char *answer_for(const char *request)
{
    static char only[64];
    if (strcmp(request, "{\"cmd\":\"status\"}\n") == 0)
        return whole_answer(NULL);
    if (sscanf(request, "{\"cmd\":\"status\",\"peer\":\"%63[^\"]\"}", only) == 1)
        return whole_answer(only);
    if (strcmp(request, "{\"cmd\":\"summary\"}\n") == 0)
        return summary_answer();
    if (strcmp(request,
               "{\"cmd\":\"link\",\"peer\":\"home\",\"link\":\"dsl\",\"state\":\"down\"}\n") == 0)
        return "{\"ok\":true}\n";
    if (strcmp(request, "{\"cmd\":\"reload\"}\n") == 0)
        return "{\"ok\":true}\n";
    return "{\"ok\":false,\"error\":\"not expected\"}\n";
}

/* Runs the line against a tunnel with this status. */
static void run_with(struct outcome *o, const char *line, const char *const *peers, size_t count,
                     const char *paths, const char *links)
{
    tunnel.peers = peers;
    tunnel.count = count;
    tunnel.paths = paths;
    tunnel.links = links;
    pid_t pid = start_server("hawser0", answer_for);
    run(o, line, "");
    stop_server(pid, "hawser0");
}

static unsigned lines_of(const char *text)
{
    unsigned n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

static void status_fails_while_no_peer_is_up(void **state)
{
    static const char *const both[] = { "home:down", "office:up" };
    static const char *const down[] = { "home:down", "office:down" };
    struct outcome o;
    (void)state;
    run_with(&o, "status", both, 2, "", "");
    assert_int_equal(o.code, 0);
    assert_string_equal(o.err, "");
    run_with(&o, "status", down, 2, "", "");
    assert_int_equal(o.code, 1);
    assert_non_null(strstr(o.out, "peer: office"));
    assert_string_equal(o.err, "hawser: hawser0: no peer is up\n");
    run_with(&o, "status --json", down, 2, "", "");
    assert_int_equal(o.code, 1);
    assert_int_equal(lines_of(o.out), 1);
    assert_non_null(strstr(o.out, "\"office\""));
    assert_string_equal(o.err, "hawser: hawser0: no peer is up\n");
    run_with(&o, "status", NULL, 0, "", "");
    assert_int_equal(o.code, 1);
}

static void one_peer_is_shown_in_full(void **state)
{
    static const char *const peers[] = { "home:down", "office:up", "boat:up", "van:up", "lab:up" };
    struct outcome o;
    (void)state;
    run_with(&o, "status office", peers, 5, PATH("dsl", "up", "false"), "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "peer: office\n"));
    assert_non_null(strstr(o.out, "  link  state  rtt"));
    assert_null(strstr(o.out, "peer: home"));
    run_with(&o, "status home", peers, 5, "", "");
    assert_int_equal(o.code, 1);
    assert_non_null(strstr(o.out, "peer: home\n"));
    assert_string_equal(o.err, "hawser: hawser0: peer home is not up\n");
    run_with(&o, "status --json boat", peers, 5, "", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "\"peers\":[{\"name\":\"boat\""));
    assert_null(strstr(o.out, "\"van\""));
    run_with(&o, "status offce", peers, 5, "", "");
    assert_int_equal(o.code, 1);
    assert_string_equal(o.out, "");
    assert_string_equal(o.err, "hawser: there is no peer \"offce\": the nearest is office\n");
    run_with(&o, "status a-name-that-is-too-long-for-any-peer", peers, 5, "", "");
    assert_int_equal(o.code, 1);
    assert_non_null(strstr(o.err, "there is no peer \"a-name-that-is"));
    run_with(&o, "status office", NULL, 0, "", "");
    assert_string_equal(o.err, "hawser: there is no peer \"office\", nor any other\n");
    run_with(&o, "status --summary office", peers, 5, "", "");
    assert_int_equal(o.code, 2);
    assert_non_null(strstr(o.err, "--summary is of all peers"));
}

/* One of several tunnels has it; that others do not is no fault. */
static void a_peer_is_found_in_any_tunnel(void **state)
{
    static const char *const here[] = { "home:up" };
    static const char *const there[] = { "office:down" };
    struct outcome o;
    (void)state;
    tunnel.paths = tunnel.links = "";
    tunnel.count = 1;
    tunnel.peers = here;
    pid_t first = start_server("hawser0", answer_for);
    tunnel.peers = there;
    pid_t second = start_server("hawser1", answer_for);
    run(&o, "status home", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "peer: home\n"));
    assert_string_equal(o.err, "");
    run(&o, "status office", "");
    assert_int_equal(o.code, 1);
    assert_string_equal(o.err, "hawser: hawser1: peer office is not up\n");
    run(&o, "status offcie", "");
    assert_string_equal(o.err, "hawser: there is no peer \"offcie\": the nearest is office\n");
    stop_server(first, "hawser0");
    stop_server(second, "hawser1");
}

/* A daemon of before has no request for a single peer. */
static const char *old_answer_for(const char *request)
{
    if (strcmp(request, "{\"cmd\":\"status\"}\n") == 0)
        return whole_answer(NULL);
    return "{\"ok\":false,\"error\":\"no such request: is the hawser command newer than the "
           "daemon?\"}\n";
}

static void an_older_daemon_says_so(void **state)
{
    static const char *const peers[] = { "home:up" };
    (void)state;
    tunnel.paths = tunnel.links = "";
    tunnel.count = 1;
    tunnel.peers = peers;
    pid_t pid = start_server("hawser0", old_answer_for);
    struct outcome o;
    run(&o, "status", "");
    assert_int_equal(o.code, 0);
    expect_failure("status home", "", 1, "is the hawser command newer than the daemon?");
    expect_failure("status --summary", "", 1, "is the hawser command newer than the daemon?");
    stop_server(pid, "hawser0");
}

/* Lost ones first, then those that cannot be reached, that have links down, that lose packets. */
static void a_summary_fits_on_a_screen(void **state)
{
    static const char *const peers[] = { "home:up", "lossy:up", "half1:up", "new:down",
                                         "lost:down" };
    struct outcome o;
    (void)state;
    run_with(&o, "status --summary", peers, 5, "", "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "\n  peers: 5, of which 3 up, 1 down, 1 never came\n"
                                  "  links: 10, of which 9 up\n"
                                  "  now: 10.0 Mbit/s received, 5.00 Mbit/s sent\n"
                                  "  transfer: 10.0 KiB received, 5.00 KiB sent\n"
                                  "\n"));
    const char *table = strstr(o.out, "  worst ");
    assert_non_null(table);
    assert_int_equal(lines_of(table), 4);
    assert_true(strstr(table, "\n  lost ") < strstr(table, "\n  half1 "));
    assert_true(strstr(table, "\n  half1 ") < strstr(table, "\n  lossy "));
    assert_null(strstr(table, "home"));
    assert_null(strstr(table, "new"));
    assert_non_null(strstr(table, "  half1  up     1 of 2    25.1 ms  0.0 %   1.00 Mbit/s  "
                                  "2.00 Mbit/s  3 seconds  so it is\n"));
}

static void a_summary_as_json(void **state)
{
    static const char *const peers[] = { "home:up", "half1:up", "new:down" };
    static const char *const down[] = { "home:down" };
    struct outcome o;
    (void)state;
    run_with(&o, "status --summary --json", peers, 3, "", "");
    assert_int_equal(o.code, 0);
    assert_int_equal(lines_of(o.out), 1);
    assert_null(strstr(o.out, "\"peers\":["));
    assert_non_null(strstr(o.out, "\"summary\":{\"peers\":3,\"up\":2,\"down\":0,\"never_came\":1,"
                                  "\"links\":6,\"links_up\":5,\"tx_bps\":3000000,"
                                  "\"rx_bps\":6000000,\"tx_bytes\":3072,\"rx_bytes\":6144,"
                                  "\"worst\":[{\"name\":\"half1\""));
    run_with(&o, "status --summary --json", down, 1, "", "");
    assert_int_equal(o.code, 1);
    assert_string_equal(o.err, "hawser: hawser0: no peer is up\n");
}

/* However many there are, and the worst of them are in it wherever they stand. */
static void a_summary_of_a_thousand(void **state)
{
    static char names[MANY_PEERS][16];
    static const char *peers[MANY_PEERS];
    struct outcome o;
    (void)state;
    for (size_t i = 0; i < MANY_PEERS; i++) {
        snprintf(names[i], sizeof names[i], "%s%03zu%s", i % 20 == 7 ? "lossy" : "p", i,
                 i == 500 ? "-x0:up" : "-x2:up");
        peers[i] = names[i];
    }
    run_with(&o, "status --summary", peers, MANY_PEERS, "", "");
    assert_int_equal(o.code, 0);
    assert_true(lines_of(o.out) <= 24);
    const char *table = strstr(o.out, "  worst ");
    assert_non_null(table);
    assert_int_equal(lines_of(table), 11);
    assert_true(strstr(table, "\n  p500-x0 ") < strstr(table, "\n  lossy007-x2 "));
    assert_non_null(strstr(table, "\n  lossy167-x2 "));
}

static void many_peers_have_a_line_each(void **state)
{
    static const char *const peers[] = { "home1:down", "office:up", "boat:up", "van:up", "lab:up" };
    static const char paths[] = PATH("dsl", "up", "false") "," PATH("lte", "down", "false");
    struct outcome o;
    (void)state;
    run_with(&o, "status", peers, 4, paths, "");
    assert_non_null(strstr(o.out, "peer: home1\n"));
    run_with(&o, "status", peers, 5, paths, "");
    assert_int_equal(o.code, 0);
    assert_non_null(strstr(o.out, "  peers: 5, of which 4 up\n"));
    assert_non_null(strstr(o.out, "\n  home1   down   1 of 2    25.1 ms  1.00 Mbit/s  2.00 Mbit/s  "
                                  "3 seconds  -\n"));
    assert_int_equal(lines_of(strstr(o.out, "  peer ")), 6);
}

/* The answer of more than 1 MB is taken, and comes out as it was; for people each has a line. */
static void a_thousand_peers(void **state)
{
    static char names[MANY_PEERS][16];
    static const char *peers[MANY_PEERS];
    static const char paths[] = PATH("dsl", "up", "false") "," PATH("lte", "up", "false");
    char line[256];
    char count[32];
    (void)state;
    for (size_t i = 0; i < MANY_PEERS; i++) {
        snprintf(names[i], sizeof names[i], "peer%03zux:up", i);
        peers[i] = names[i];
    }
    tunnel.peers = peers;
    tunnel.count = MANY_PEERS;
    tunnel.paths = paths;
    tunnel.links = "";
    size_t len = strlen(whole_answer(NULL));
    assert_true(len > 1 << 20);
    pid_t pid = start_server("hawser0", answer_for);
    snprintf(line, sizeof line, "%s status | grep -c '^  peer[0-9]*x *up  *2 of 2'", hawser);
    FILE *f = popen(line, "r");
    assert_non_null(f);
    assert_non_null(fgets(count, sizeof count, f));
    assert_int_equal(pclose(f), 0);
    assert_string_equal(count, "1000\n");
    snprintf(line, sizeof line, "%s status --json", hawser);
    f = popen(line, "r");
    assert_non_null(f);
    static char json[MANY_BYTES];
    size_t got = fread(json, 1, sizeof json, f);
    assert_int_equal(pclose(f), 0);
    size_t before = strlen("{\"ok\":true,\"status\":");
    assert_int_equal(got, len - before - 1);
    assert_memory_equal(json, answer + before, got - 1);
    assert_int_equal(json[got - 1], '\n');
    stop_server(pid, "hawser0");
}

static char hostile[1024];

static const char *hostile_answer_for(const char *request)
{
    (void)request;
    return hostile;
}

/* A hostile engine writes to no terminal but plain text. */
static void what_the_daemon_says_is_made_plain(void **state)
{
    static const char *const lines[] = { "status", "status --json", "status --summary",
                                         "status --summary --json", "link" };
    struct outcome o;
    (void)state;
    snprintf(hostile, sizeof hostile,
             "{\"ok\":true,\"status\":{\"version\":\"\\u001b[2J\",\"interface\":\"h\\u0007\","
             "\"uptime_s\":1,\"mtu\":1400,\"\\u001b]0;x\":1,\"peers\":[{\"name\":\"v\\u009b1mx\","
             "\"state\":\"up\\u001b[31m\",\"paths\":[]}],\"links\":[{\"name\":\"d\\r\\u001bc\","
             "\"interface\":\"e\\u202ex\"}],\"problems\":[{\"code\":\"c\",\"text\":\"\\u001b[1m\"}]"
             "}}\n");
    pid_t pid = start_server("hawser0", hostile_answer_for);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        run(&o, lines[i], "");
        for (const char *c = o.out; *c != '\0'; c++)
            assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
        assert_null(strstr(o.out, "u001b"));
        assert_null(strstr(o.out, "u009b"));
    }
    stop_server(pid, "hawser0");
}

static void links_are_listed(void **state)
{
    static const char *const home[] = { "home:up" };
    static const char links[] = "{\"name\":\"dsl\",\"state\":\"ready\",\"why\":null,\"use\":"
                                "\"standby\"},{\"name\":\"lte\",\"state\":\"waiting\",\"why\":\"no "
                                "interface wwan0\",\"use\":\"active\"}";
    struct outcome o;
    (void)state;
    run_with(&o, "link", home, 1, PATH("dsl", "standby", "true"), links);
    assert_int_equal(o.code, 0);
    assert_string_equal(o.out, "  link  peer  state    use      why\n"
                               "  dsl   home  standby  standby  in use\n"
                               "  lte   -     waiting  active   no interface wwan0\n");
    run_with(&o, "link", home, 1, PATH("dsl", "up", "false"), "");
    assert_string_equal(o.out, "  link      peer  state  use     why\n"
                               "  home/dsl  home  up     active  in use\n");
    run_with(&o, "link --json", home, 1, PATH("dsl", "up", "false"), "");
    assert_string_equal(o.out, "[{\"name\":\"home/dsl\",\"peer\":\"home\",\"state\":\"up\",\"use\":"
                               "\"active\",\"why\":\"in use\"}]\n");
    run_with(&o, "link", home, 1, "", "");
    assert_string_equal(o.out, "  no links yet\n");
    run_with(&o, "link home/dsl down", home, 1, "", "");
    assert_int_equal(o.code, 0);
    assert_string_equal(o.err, "");
    run_with(&o, "link home/ down", home, 1, "", "");
    assert_int_equal(o.code, 1);
    run_with(&o, "link dsl", home, 1, "", "");
    assert_int_equal(o.code, 2);
}

static void write_config(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", run_dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void remove_config(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", run_dir, name);
    assert_int_equal(unlink(path), 0);
}

static void a_tunnel_by_its_configuration(void **state)
{
    struct outcome o;
    char line[256];
    char text[512];
    (void)state;
    write_config("office.conf", "# comment\n[tunnel]\n  interface = tun-office ; or so\n"
                                "[peer x]\ninterface = no\n");
    pid_t pid = start_server("tun-office", answer_for);
    snprintf(line, sizeof line, "reload -c %s/office.conf", run_dir);
    run(&o, line, "");
    assert_int_equal(o.code, 0);
    assert_string_equal(o.err, "");
    snprintf(text, sizeof text, "[tunnel]\ncontrol = %s/tun-office.sock\n", run_dir);
    write_config("office.conf", text);
    run(&o, line, "");
    assert_int_equal(o.code, 0);
    stop_server(pid, "tun-office");
    snprintf(line, sizeof line, "reload -i x -c %s/office.conf", run_dir);
    expect_failure(line, "", 2, "-i and -c");
    expect_failure("reload -c /nonexistent.conf", "", 1, "cannot read /nonexistent.conf");
    remove_config("office.conf");
}

static void what_is_not_running_has_its_unit_named(void **state)
{
    (void)state;
    expect_failure("status -i hawser0", "", 1, "\"systemctl start hawserd\", or hawserd@NAME");
    write_config("hawser.conf", "[tunnel]\nprivate-key = x\n");
    expect_failure("status", "", 1, "\"systemctl start hawserd\"");
    write_config("office.conf", "[tunnel]\ninterface = hawser1\n");
    expect_failure("status", "", 1, "or hawserd@NAME");
    expect_failure("status -i hawser0", "", 1, "\"systemctl start hawserd\"");
    expect_failure("status -i hawser1", "", 1, "\"systemctl start hawserd@office\"");
    expect_failure("status -i hawser2", "", 1, "or hawserd@NAME");
    remove_config("hawser.conf");
    remove_config("office.conf");
}

static void keys_out_of_bytes(void **state)
{
    static const struct {
        const char *bytes;
        enum key key; /* by the last byte; none before */
    } rows[] = {
        { "q", KEY_QUIT },
        { "\033[A", KEY_UP },
        { "\033OB", KEY_DOWN },
        { "\033[1;5A", KEY_UP },
        { "\033[5~", KEY_PAGE_UP },
        { "\033[6~", KEY_PAGE_DOWN },
        { "\033[1~", KEY_HOME },
        { "\033[F", KEY_END },
        { "\033[3~", KEY_NONE },
        { "\033[200~", KEY_NONE },
        { "\033x", KEY_NONE },
        { "\033\033[B", KEY_DOWN },
        { "\033[99999999999999999999~", KEY_NONE },
        { " ", KEY_PAGE_DOWN },
        { "x", KEY_NONE },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct keyboard k = { 0 };
        size_t len = strlen(rows[i].bytes);
        for (size_t b = 0; b < len; b++) {
            enum key want = b + 1 == len ? rows[i].key : KEY_NONE;
            assert_int_equal(keyboard_take(&k, (uint8_t)rows[i].bytes[b]), want);
        }
        assert_int_equal(keyboard_take(&k, 'q'), KEY_QUIT); /* nothing is left of it */
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_fails_while_no_peer_is_up),
        cmocka_unit_test(one_peer_is_shown_in_full),
        cmocka_unit_test(a_peer_is_found_in_any_tunnel),
        cmocka_unit_test(an_older_daemon_says_so),
        cmocka_unit_test(a_summary_fits_on_a_screen),
        cmocka_unit_test(a_summary_as_json),
        cmocka_unit_test(a_summary_of_a_thousand),
        cmocka_unit_test(many_peers_have_a_line_each),
        cmocka_unit_test(a_thousand_peers),
        cmocka_unit_test(what_the_daemon_says_is_made_plain),
        cmocka_unit_test(links_are_listed),
        cmocka_unit_test(a_tunnel_by_its_configuration),
        cmocka_unit_test(what_is_not_running_has_its_unit_named),
        cmocka_unit_test(keys_out_of_bytes),
    };
    if (argc != 2 || !harness_begin(argv[1]))
        return 1;
    int rc = cmocka_run_group_tests_name("commands", tests, NULL, NULL);
    harness_end();
    return rc;
}
