#!/bin/sh
# Made by `portreeve compile --target iptables` from the policies sha256:REVISION
# and a deployment file. Change those, not this. What is not opened here is closed. See docs/coarse-layer.md.
# Run it as root, again after each change. Both families are tried before either is loaded.
set -eu
PATH=$PATH:/usr/sbin:/sbin
for command in iptables iptables-restore ip6tables ip6tables-restore; do
  command -v "$command" >/dev/null || { echo "$command is missing: nothing was loaded" >&2; exit 1; }
done

# Unhooks what an earlier run hooked in, and hooks in at the head, in the transaction that brings the chains.
hooks() {
  for pair in INPUT:INPUT FORWARD:FORWARD OUTPUT:OUTPUT DOCKER-USER:FORWARD; do
    from=${pair%:*} to=PORTREEVE-${pair#*:}
    "$1" -w -n -L "$from" >/dev/null 2>&1 || continue
    if "$1" -w -C "$from" -j "$to" 2>/dev/null; then echo "-D $from -j $to"; fi
    echo "-I $from 1 -j $to"
  done
}
load() {
  hooked=$(hooks "$1")  # before: the older iptables-restore locks out every other from its start
  { echo '*filter'
    for chain in INPUT FORWARD OUTPUT SOURCE NEIGHBOUR GUARD FROM CONTROL TO REPLY GATE UPLINK; do
      echo ":PORTREEVE-$chain - [0:0]"
    done
    cat
    echo "$hooked"
    echo COMMIT
  } | "$1-restore" -w --noflush ${2:-}
}

rules6() {
  cat <<'RULES'
-A PORTREEVE-SOURCE -j DROP
-A PORTREEVE-GUARD -d ::/3 -j DROP
-A PORTREEVE-GUARD -d 2001::/23 -j DROP
-A PORTREEVE-GUARD -d 2001:db8::/32 -j DROP
-A PORTREEVE-GUARD -d 2002::/16 -j DROP
-A PORTREEVE-GUARD -d 2620:4f:8000::/48 -j DROP
-A PORTREEVE-GUARD -d 3fff::/20 -j DROP
-A PORTREEVE-GUARD -d 4000::/2 -j DROP
-A PORTREEVE-GUARD -d 8000::/1 -j DROP
-A PORTREEVE-GUARD -d ::5efe:0:0/::fcff:ffff:0:0 -j DROP
-A PORTREEVE-FROM -j PORTREEVE-SOURCE
-A PORTREEVE-FROM -p tcp --dport 2024 -j DROP
-A PORTREEVE-FROM -p udp --dport 2024 -j DROP
-A PORTREEVE-FROM -m conntrack --ctstate INVALID -j DROP
-A PORTREEVE-FROM -j PORTREEVE-GUARD
-A PORTREEVE-FROM -j DROP
-A PORTREEVE-TO -j DROP
-A PORTREEVE-GATE -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j RETURN
-A PORTREEVE-GATE -p tcp --dport 2024 -j DROP
-A PORTREEVE-GATE -p udp --dport 2024 -j DROP
-A PORTREEVE-GATE -j PORTREEVE-GUARD
-A PORTREEVE-GATE -p tcp -j RETURN
-A PORTREEVE-GATE -j DROP
-A PORTREEVE-INPUT -i lo -j RETURN
-A PORTREEVE-INPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -m hl --hl-eq 255 -j PORTREEVE-NEIGHBOUR
-A PORTREEVE-INPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-advertisement -m hl --hl-eq 255 -j PORTREEVE-NEIGHBOUR
-A PORTREEVE-NEIGHBOUR -j PORTREEVE-SOURCE
-A PORTREEVE-NEIGHBOUR -j ACCEPT
-A PORTREEVE-INPUT -j PORTREEVE-FROM
-A PORTREEVE-FORWARD -j PORTREEVE-FROM
-A PORTREEVE-UPLINK -j PORTREEVE-TO
-A PORTREEVE-OUTPUT -o lo -j RETURN
-A PORTREEVE-OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-solicitation -m hl --hl-eq 255 -j ACCEPT
-A PORTREEVE-OUTPUT -p ipv6-icmp -m icmp6 --icmpv6-type neighbour-advertisement -m hl --hl-eq 255 -j ACCEPT
-A PORTREEVE-OUTPUT -j PORTREEVE-CONTROL
-A PORTREEVE-OUTPUT -j PORTREEVE-TO
RULES
}

rules4() {
  cat <<'RULES'
-A PORTREEVE-SOURCE -j DROP
-A PORTREEVE-GUARD -d 0.0.0.0/8 -j DROP
-A PORTREEVE-GUARD -d 10.0.0.0/8 -j DROP
-A PORTREEVE-GUARD -d 100.64.0.0/10 -j DROP
-A PORTREEVE-GUARD -d 127.0.0.0/8 -j DROP
-A PORTREEVE-GUARD -d 168.63.129.16/32 -j DROP
-A PORTREEVE-GUARD -d 169.254.0.0/16 -j DROP
-A PORTREEVE-GUARD -d 172.16.0.0/12 -j DROP
-A PORTREEVE-GUARD -d 192.0.0.0/24 -j DROP
-A PORTREEVE-GUARD -d 192.0.2.0/24 -j DROP
-A PORTREEVE-GUARD -d 192.31.196.0/24 -j DROP
-A PORTREEVE-GUARD -d 192.52.193.0/24 -j DROP
-A PORTREEVE-GUARD -d 192.88.99.0/24 -j DROP
-A PORTREEVE-GUARD -d 192.168.0.0/16 -j DROP
-A PORTREEVE-GUARD -d 192.175.48.0/24 -j DROP
-A PORTREEVE-GUARD -d 198.18.0.0/15 -j DROP
-A PORTREEVE-GUARD -d 198.51.100.0/24 -j DROP
-A PORTREEVE-GUARD -d 203.0.113.0/24 -j DROP
-A PORTREEVE-GUARD -d 224.0.0.0/4 -j DROP
-A PORTREEVE-GUARD -d 240.0.0.0/4 -j DROP
-A PORTREEVE-FROM -j PORTREEVE-SOURCE
-A PORTREEVE-FROM -p tcp --dport 2024 -j DROP
-A PORTREEVE-FROM -p udp --dport 2024 -j DROP
-A PORTREEVE-FROM -m conntrack --ctstate INVALID -j DROP
-A PORTREEVE-FROM -j PORTREEVE-GUARD
-A PORTREEVE-FROM -j DROP
-A PORTREEVE-TO -j DROP
-A PORTREEVE-GATE -m conntrack --ctstate ESTABLISHED --ctdir REPLY -j RETURN
-A PORTREEVE-GATE -p tcp --dport 2024 -j DROP
-A PORTREEVE-GATE -p udp --dport 2024 -j DROP
-A PORTREEVE-GATE -j PORTREEVE-GUARD
-A PORTREEVE-GATE -p tcp -j RETURN
-A PORTREEVE-GATE -j DROP
-A PORTREEVE-INPUT -i lo -j RETURN
-A PORTREEVE-INPUT -j PORTREEVE-FROM
-A PORTREEVE-FORWARD -j PORTREEVE-FROM
-A PORTREEVE-UPLINK -j PORTREEVE-TO
-A PORTREEVE-OUTPUT -o lo -j RETURN
-A PORTREEVE-OUTPUT -j PORTREEVE-CONTROL
-A PORTREEVE-OUTPUT -j PORTREEVE-TO
RULES
}

rules6 | load ip6tables --test
rules4 | load iptables --test
rules6 | load ip6tables
rules4 | load iptables
