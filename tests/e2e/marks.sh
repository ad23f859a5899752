#!/bin/sh
# SPDX-License-Identifier: ISC
#
# Firewalls that know packets by single bits of their mark: kubelet drops 0x8000, kube-proxy
# masquerades 0x4000 and mwan3, Tailscale and others use 0x3f00 and 0x80000. Packets of a client and a
# server have none of them, and "mark" chooses another mark.

. "$(dirname "$0")/lib.sh"

others=0x8ff00 # 0x8000, 0x4000, 0x80000 and mwan3's 0x3f00

# drop_marked PLACE: what has a bit of others
drop_marked() {
    at "$1" nft -f - <<END
table inet others {
    counter marked { }
    chain out {
        type filter hook output priority 0
        ip6 daddr ff02::16 accept # the kernel has other things in the mark of these
        meta mark & $others != 0 counter name marked drop
    }
    chain forward {
        type filter hook forward priority 0
        meta mark & $others != 0 counter name marked drop
    }
    chain in {
        type filter hook input priority 0
        meta mark & $others != 0 counter name marked drop
    }
}
END
}
marked() {
    at "$1" nft -j list counter inet others marked | jq '.nftables[].counter.packets // empty'
}

server_allowed="0.0.0.0/0, ::/0"
client_allowed="10.77.0.2/32, fd77::2/128, 192.168.1.0/24, fd00:1::/64"
server_tunnel="nat = yes"
lab_up --links 'name=a 20/20,5ms; name=b 20/20,8ms'
drop_marked c
drop_marked s
start_pair a b
pings c -c 3 -i 0.05 203.0.113.80
pings h -c 3 -i 0.05 203.0.113.80
pings h -c 3 -i 0.05 2001:db8::80
between 0 "$(marked c)" 0 "packets of the client with a bit of others"
between 0 "$(marked s)" 0 "packets of the server with a bit of others"
stop client

client_tunnel="mark = 0x10000000"
config_pair a b
count c output chosen 'udp dport 4297 meta mark & 0x10000000 != 0'
count c postrouting plain 'udp dport 4297 meta mark & 0x10000000 == 0'
start client c
await 20 "up with another mark" paths_up client a b
pings h -c 3 -i 0.05 203.0.113.80
between 1 "$(counted c chosen)" 100000 "datagrams with the mark that was chosen"
between 0 "$(counted c plain)" 0 "datagrams without it"
between 0 "$(marked c)" 0 "packets of the client with a bit of others"
stop client

# The lowest bits belong to others, too: the mask's lowest number the links.
others=0x800000ff
at c nft delete table inet others
drop_marked c
client_tunnel="mark = 0x5a0000/0xff3f00"
config_pair a b
start client c
await 20 "up with a mark that leaves the low bits alone" paths_up client a b
pings h -c 3 -i 0.05 203.0.113.80
between 0 "$(marked c)" 0 "packets of the client with a low bit"
