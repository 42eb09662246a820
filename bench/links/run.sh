#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh LINK_BENCH [ARGS]: starts three servers on the loopback, runs the program over them, and ends them. PORT (47210) and the five
# ports behind it must be free.
set -euo pipefail
program=$1 port=${PORT:-47210}
folder=$(mktemp -d)
pids=()
finish() {
    kill -9 "${pids[@]}" 2>/dev/null || true
    rm -rf "$folder"
}
trap finish EXIT
PATH+=:/usr/sbin
routes='' servers=''
for i in 0 1 2; do
    routes+=${routes:+,}nats://127.0.0.1:$((port + 3 + i))
    servers+=${servers:+,}nats://127.0.0.1:$((port + i))
done
for i in 0 1 2; do
    nats-server --server_name "n$i" --jetstream --store_dir "$folder/$i" --addr 127.0.0.1 --port $((port + i)) \
        --cluster "nats://127.0.0.1:$((port + 3 + i))" --cluster_name weir --routes "$routes" >"$folder/$i.log" 2>&1 &
    pids+=($!)
done
sleep 3
"$program" "$servers" "${@:2}"
