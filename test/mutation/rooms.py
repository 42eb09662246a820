# SPDX-License-Identifier: MIT
"""Rooms of the house: which files belong together, and what tests them. A sample of one room is built in a fraction of the time."""

# A file belongs to the room that names it at greatest length: the starts of names, then the names of test programs and models.
ROOMS = {
    "rings": (["include/weir"],
              "^(ring_contract|ring_property|ring_stress|every_offset|busy|close|look_pace|overtaken|strict|user_code|throwing|storage"
              "|narrow|status|given_memory|force_push|handles|role_checker|hostile|linearizability|old_wounds|operation_cost"
              "|small_stack|shared_stress|plugin|huge_pages|node_memory|two_mappings).*_test$|^(spsc|mpmc|strict)_model"),
    "pull": (["include/weir/pull", "include/weir/detail/credit/", "include/weir/credit.hpp", "include/weir/detail/cursor/demand",
              "include/weir/credit_gate", "include/weir/detail/gate/"],
             "^(credit|pull|demand|reactive|ring_contract_pull).*_test$|^(pull_.*|gate)_model"),
    "waiting": (["include/weir/wait", "include/weir/stop", "include/weir/detail/wait/"],
                "^(asymmetric|deadline|event|fork|futex|give_up|no_syscall|passed_wake|scheduler|several|sleeper|soak|spin_budget"
                "|stop|suspend|thrown_wake|wait|wake_count|close).*_test$|^(spsc|several)_model"),
    "await": (["include/weir/await", "include/weir/select", "include/weir/std_queue", "include/weir/detail/await/",
               "include/weir/detail/select/"], "^(await|select).*_test$|^(await|select)_model"),
    "overflow": (["include/weir/overflow", "include/weir/stats", "include/weir/histogram", "include/weir/detail/overflow",
                  "include/weir/clock", "include/weir/detail/base/tally", "include/weir/detail/base/metric_text"],
                 "^(overflow|codel|stats|histogram|clock).*_test$|^overflow_model"),
    "messages": (["include/weir/message", "include/weir/detail/message/", "include/weir/broadcast", "include/weir/detail/broadcast/",
                  "include/weir/latest"], "^(message|broadcast|latest|overflow_message).*_test$|^(message|broadcast|latest)_model"),
    "processes": (["include/weir/shm/", "include/weir/detail/shm"], "^(shm|processes).*_test$|^shm.*_model"),
    "pipeline": (["include/weir/pipeline", "include/weir/split", "include/weir/detail/pipeline/"], "^(pipeline|thread_limit).*_test$"),
    "links": (["include/weir/jetstream", "include/weir/detail/jetstream/", "src/jetstream/", "tools/bridge/"],
              "^(jetstream|cli_bridge).*_test$"),
    "placement": (["include/weir/affinity", "include/weir/topology", "include/weir/plan", "include/weir/measurements",
                   "include/weir/kernel_settings", "src/"],
                  "^(affinity|kernel|machines|measurements|plan|replace|role_file|topology|node_memory).*_test$"),
    "tools": (["tools/", "instruments/"],
              "^(cli|doctor|jitter|matrix|pressure|report|run|instruments|bench).*_test$"),
}


def room_of(name):
    return max((len(path), room) for room, (paths, _) in ROOMS.items() for path in paths if name.startswith(path))[1]
