#!/usr/bin/env python3
"""Runs `sluice judge` over labelled commands and prints how many are judged as their source says.

A case counts as right if it is labelled `block` and blocked, or labelled `allow` and allowed. `review` cases and the fragments of web attacks
(crs) are listed apart, the latter judged as what they are: values of a parameter; and of reviews that name an operation whether one was seen.
"""
import argparse, collections, glob, json, os, subprocess, sys

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--cases", default="../shared/cases", help="the folder that holds commands/ and benign/")
parser.add_argument("--sluice", default=".build/debug/sluice")
parser.add_argument("--corpus", default="corpus")
parser.add_argument("--block", type=float, default=0, help="least share of blocks, in percent, overall")
parser.add_argument("--allow", type=float, default=0, help="least share of allows, in percent, overall")
parser.add_argument("--domain-block", type=float, default=0, help="the same in each domain with 50 cases or more")
parser.add_argument("--domain-allow", type=float, default=0)
parser.add_argument("--only", default="", help="only these domains, separated by commas")
parser.add_argument("--misses", action="store_true", help="print each miss")
parser.add_argument("--injection", action="store_true", help="print misses of injections, too")
options = parser.parse_args()

cases = []
for path in sorted(glob.glob(os.path.join(options.cases, "commands", "*.jsonl")) + glob.glob(os.path.join(options.cases, "benign", "*.jsonl"))):
    cases += [json.loads(line) for line in open(path, encoding="utf-8")]
wanted = set(filter(None, options.only.split(",")))
if wanted:
    cases = [case for case in cases if case["domain"] in wanted]
lines = "".join(json.dumps({"id": i, "command": c["command"], "domain": "parameter" if c["source"] == "crs" else c["domain"]}) + "\n" for i, c in enumerate(cases))
run = subprocess.run([options.sluice, "judge", "--corpus", options.corpus], input=lines.encode(), stdout=subprocess.PIPE)
if run.returncode not in (0,):
    sys.exit(f"sluice judge ended with status {run.returncode}")
verdicts = {answer["id"]: answer for answer in map(json.loads, run.stdout.decode().splitlines())}
if len(verdicts) != len(cases):
    sys.exit(f"{len(cases)} commands, but {len(verdicts)} verdicts")

right = collections.Counter()
total = collections.Counter()
reviews = collections.Counter()
seen = collections.Counter()
for i, case in enumerate(cases):
    verdict, expect = verdicts[i]["verdict"], case["expect"]
    kind = "injection" if case.get("kind") == "injection" or case["source"] == "crs" else "command"
    if expect == "review":
        reviews[case["source"], verdict] += 1
        if case.get("op"):
            seen[case["op"], verdicts[i]["operation"] is not None] += 1
            if options.misses and verdicts[i]["operation"] is None:
                print("unseen", case["op"], case["domain"], json.dumps(case["command"][:200], ensure_ascii=False))
        continue
    good = verdict == expect
    for key in ((kind, case["source"], case["domain"], expect), (kind, "all", case["domain"], expect), (kind, "all", "all", expect)):
        total[key] += 1
        right[key] += good
    if not good and options.misses and (kind == "command" or options.injection):
        print(f"{expect:6} {verdict:10} {case['source']:10} {case['domain']:10} {verdicts[i]['rule'] or '-':28} {json.dumps(case['command'][:160], ensure_ascii=False)}")

failed = False
print(f"{'kind':10} {'source':11} {'domain':11} {'block':>14} {'allow':>16}")
for kind, source, domain in sorted({key[:3] for key in total}):
    row = [kind, source, domain]
    for expect, least, least_domain in (("block", options.block, options.domain_block), ("allow", options.allow, options.domain_allow)):
        n, k = total[kind, source, domain, expect], right[kind, source, domain, expect]
        row.append(f"{k}/{n} {100 * k / n:.1f} %" if n else "-")
        bar = least if (source, domain) == ("all", "all") else least_domain if source == "all" and sum(total[kind, source, domain, e] for e in ("block", "allow")) >= 50 else 0
        if kind == "command" and n and 100 * k / n < bar:
            failed = True
            row[-1] += " !"
    print(f"{row[0]:10} {row[1]:11} {row[2]:11} {row[3]:>16} {row[4]:>18}")
print("reviews:", ", ".join(f"{source} {verdict} {n}" for (source, verdict), n in sorted(reviews.items())))
print("reviews with an operation:", ", ".join(f"{op} {'seen' if ok else 'not seen'} {n}" for (op, ok), n in sorted(seen.items())))
sys.exit(1 if failed else 0)
