/* SPDX-License-Identifier: ISC */
/* The values of [tunnel], [peer NAME] and [link NAME], from text; one function a key, for the table
 * of keys.c. What is wrong with the text is told. */
#ifndef HAWSER_CONFIG_ASSIGN_H
#define HAWSER_CONFIG_ASSIGN_H

#include "config/parser.h"

void assign_tunnel_interface(struct config_parser *p, const char *value);
void assign_private_key(struct config_parser *p, const char *value);
void assign_private_key_file(struct config_parser *p, const char *value);
void assign_tunnel_address(struct config_parser *p, const char *value);
void assign_listen(struct config_parser *p, const char *value);
void assign_links(struct config_parser *p, const char *value);
void assign_nat(struct config_parser *p, const char *value);
void assign_routes(struct config_parser *p, const char *value);
void assign_mss_clamp(struct config_parser *p, const char *value);
void assign_fallback(struct config_parser *p, const char *value);
void assign_lan(struct config_parser *p, const char *value);
void assign_mark(struct config_parser *p, const char *value);
void assign_mtu(struct config_parser *p, const char *value);
void assign_cipher(struct config_parser *p, const char *value);
void assign_mode(struct config_parser *p, const char *value);
void assign_user(struct config_parser *p, const char *value);
void assign_hook(struct config_parser *p, const char *value);
void assign_control(struct config_parser *p, const char *value);
void assign_include_dir(struct config_parser *p, const char *value);
void assign_metrics(struct config_parser *p, const char *value);
void assign_log_level(struct config_parser *p, const char *value);
void assign_memory_max(struct config_parser *p, const char *value);
void assign_rekey_seconds(struct config_parser *p, const char *value);
void assign_offload(struct config_parser *p, const char *value);
void assign_udp_offload(struct config_parser *p, const char *value);

void assign_public_key(struct config_parser *p, const char *value);
void assign_preshared_key(struct config_parser *p, const char *value);
void assign_preshared_key_file(struct config_parser *p, const char *value);
void assign_endpoint(struct config_parser *p, const char *value);
void assign_allowed_ips(struct config_parser *p, const char *value);

void assign_link_interface(struct config_parser *p, const char *value);
void assign_link_address(struct config_parser *p, const char *value);
void assign_link_gateway(struct config_parser *p, const char *value);
void assign_link_role(struct config_parser *p, const char *value);
void assign_uplink(struct config_parser *p, const char *value);
void assign_peer_max_up(struct config_parser *p, const char *value);
void assign_peer_max_down(struct config_parser *p, const char *value);
void assign_link_max_up(struct config_parser *p, const char *value);
void assign_link_max_down(struct config_parser *p, const char *value);
void assign_link_standby_when(struct config_parser *p, const char *value);
void assign_link_quota(struct config_parser *p, const char *value);
void assign_link_quota_reset_day(struct config_parser *p, const char *value);
void assign_link_cost(struct config_parser *p, const char *value);

#endif
