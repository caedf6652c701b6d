"""The weighing once more, in plain sets and loops: slow, and nothing in it is counted twice over.

Shares with the gate only the factors of the bets; its groups, pods, shares and totals are its own.
"""

from collections import defaultdict
from math import inf, sqrt

from daozhang.gate.evidence import HARD
from daozhang.gate.group import TIMES
from daozhang.gate.pods import MANY
from daozhang.gate.shape import CHANNELS, ENOUGH
from daozhang.gate.weigh import MEMORY_DAYS, TOGETHER
from daozhang.stats.betting import ODDS, STRICT, mixed, race, rate, rate_bound


def plain_paths(outcome, fleet, miss):
    """Return by bet its steps: moment, log wealth, harmed of the upgraded, of the others."""
    return Plain(outcome, fleet.begun_at, miss).paths()


class Plain:
    def __init__(self, outcome, begun_at, miss):
        self.counted_by, self.cells_by = {}, {}
        self.o, self.begun_at, self.miss = outcome, begun_at, miss
        self.whole = [int(pod) for pod in outcome.pod]
        self.part = [int(pod) for pod in outcome.part] if len(outcome.part) else self.whole
        self.strata = range(max((int(s) for s in outcome.stratum), default=-1) + 1)
        self.begun = min(outcome.from_day.tolist(), default=inf)
        self.last = outcome.first_day + outcome.risk.shape[1]
        self.before = max(0, min(self.begun, self.last) - outcome.first_day)
        self.groups = defaultdict(set)
        harms = zip(outcome.harm_seen, outcome.harm_day, outcome.harm_unit, strict=True)
        for seen, day, unit in harms:
            self.groups[int(seen), int(day)].add(int(unit))

    def labels(self, unit):
        """Return what a unit shares with others: its pod and whatever else makes it alike."""
        return [(k, int(of[unit])) for k, of in enumerate((self.o.pod, *self.o.alike))]

    def at_risk(self, day):
        return {u for u in range(len(self.whole)) if self.o.risk[u, day - self.o.first_day]}

    def at(self, day):
        if day not in self.counted_by:
            self.counted_by[day] = self.counted_on(day)
        return self.counted_by[day]

    def counted_on(self, day):
        """Return by unit what it is counted by on a day: a large pod in part upgraded by parts."""
        could, found = self.at_risk(day), list(self.whole)
        for pod in set(self.whole):
            units = {u for u in could if self.whole[u] == pod}
            if len({self.part[u] for u in units}) >= MANY and 0 < len(self.up(units, day)) < len(
                units
            ):
                found = [self.part[u] if w == pod else found[u] for u, w in enumerate(self.whole)]
        return found

    def up(self, units, day):
        return {u for u in units if self.o.from_day[u] <= day}

    def pods(self, units, stratum, day):
        pod = self.at(day)
        return {pod[u] for u in units if self.o.stratum[pod[u]] == stratum}

    def stratum(self, unit, day):
        return int(self.o.stratum[self.at(day)[unit]])

    def paths(self):
        last, shown, race_steps, strict_steps, alone, rare_steps = {}, {}, [], [], [], []
        own, most_times = defaultdict(list), 1 if self.o.key[-1] in "+=" else TIMES
        for (seen, day), units in sorted(self.groups.items()):
            could = self.at_risk(day)
            often = {u: sum(d > day - MEMORY_DAYS for d in own[u]) for u in could}
            risk = {u for u in could if often[u] < most_times and last.get(u) != day}
            hit, raw = units & risk, units & could
            last |= dict.fromkeys(hit, day)
            pod = self.at(day)
            before = defaultdict(int)
            for u in risk:
                before[pod[u]] = max(before[pod[u]], often[u])
            cell = {p: (*c, before[p]) for p, c in self.cells_on(day).items()}
            found = {c: self.counted(risk, hit, day, c, cell) for c in set(cell.values())}
            shocked = set()
            for s in self.strata:
                mine = [f for c, f in found.items() if c[0] == s]
                others, struck = sum(f[1] for f in mine), sum(f[4] for f in mine)
                shocked |= {s} if others and 2 * struck >= others else set()
            first = {c: f for c, f in found.items() if c[-1] == 0}

            def of_stratum(place, s, first=first):
                return sum(f[place] for c, f in first.items() if c[0] == s)

            if self.bad(raw, could, day, self.lone(could, day)):
                alone.append((seen, day))
            for u in hit:
                if self.stratum(u, day) not in shocked:
                    own[u] = [*own[u], day][-most_times:]
            noisy = {self.stratum(u, day) for u in raw - self.up(raw, day)}
            if self.o.alike:
                shown.update(
                    (label, seen) for u in raw - self.up(raw, day) for label in self.labels(u)
                )
                quiet = {
                    u
                    for u in self.up(hit, day)
                    if often[u] == 0
                    and all(seen - shown.get(label, -inf) > 7 * 86_400 for label in self.labels(u))
                }
                calm = [len({self.at(day)[u] for u in quiet})]
            else:
                calm = [of_stratum(3, s) for s in self.strata if s not in noisy]
            rare_steps += [(seen, day, n) for n in calm if n]
            struck = [of_stratum(4, s) for s in self.strata]
            rare_steps += [(seen, day, -n) for n in struck if n]
            told = list(found.values())
            both = [f[3] + f[4] for f in told]
            if seen >= self.begun_at and any(f[0] for f in told) and any(both):
                most = [most_odds(f[3] + f[4], f[0], f[1], c[-1]) for c, f in found.items()]
                factors = race([f[3] for f in told], both, [f[2] for f in told], most=most)
                counts = (sum(f[k] for f in first.values()) for k in (3, 4))
                race_steps.append((seen, factors / TOGETHER, *counts))
                factors = race([f[3] for f in told], both, [f[2] for f in told], STRICT)
                strict_steps.append((seen, factors / TOGETHER, 0, 0))
        told = {"": race_steps}
        if not self.o.key.endswith("="):
            told["~"] = self.without_controls(alone)
        if self.o.key in HARD:
            told["!"] = self.rare(rare_steps)
        found = {self.o.key + bet: played(steps) for bet, steps in told.items() if steps}
        if self.o.alike and strict_steps and told.get("!"):
            found[self.o.key + "!"] = lesser(found[self.o.key + "!"], played(strict_steps))
        return found

    def cells_on(self, day):
        if day not in self.cells_by:
            self.cells_by[day] = self.cells(self.at_risk(day), day)
        return self.cells_by[day]

    def cells(self, could, day):
        """Return by pod its stratum and which of its shape, step of sales or nothing else.

        Who is compared is all who could be harmed: the worlds of these tests have no lot.
        """
        pod, o = self.at(day), self.o
        others = {pod[u] for u in could - self.up(could, day)}
        upgraded = {pod[u] for u in self.up(could, day)}
        found = {}
        for s in self.strata:
            here = {p for p in set(pod) if o.stratum[p] == s}
            if not len(o.shape):
                found |= dict.fromkeys(here, (s,))
                continue
            left, cut = here, {}
            for level in (
                lambda p: int(o.shape[p]),
                lambda p: ("step", int(o.shape[p]) // CHANNELS),
            ):
                for key in {level(p) for p in left}:
                    alike = {p for p in left if level(p) == key}
                    if len(alike & others) >= ENOUGH:
                        cut |= dict.fromkeys(alike, (s, str(key)))
                        left = left - alike
            if left & upgraded and len(left & others) < ENOUGH:
                cut, left = {}, here
            found |= cut | dict.fromkeys(left, (s,))
        return found

    def counted(self, risk, hit, day, among, cell):
        """Pods upgraded, others, share, harmed upgraded and harmed others of one cell."""
        pod = self.at(day)

        def pods(units):
            return {pod[u] for u in units if cell[pod[u]] == among}

        upgraded = self.up(risk, day)
        with_up, with_others = pods(upgraded), pods(risk - upgraded)
        hit_up, hit_others = pods(hit & upgraded), pods(hit - upgraded)
        whole, pure = len(with_up - with_others), len(with_up ^ with_others)
        units = [u for u in risk if cell[pod[u]] == among]
        by_unit = len([u for u in units if u in upgraded]) / max(len(units), 1)
        share = max(whole / max(pure, 1), by_unit)
        one, other = len(hit_up - hit_others), len(hit_others - hit_up)
        return len(with_up), len(with_others), share, one, other

    def lone(self, could, day):
        others = could - self.up(could, day)
        return {
            s for s in self.strata if self.pods(could, s, day) and not self.pods(others, s, day)
        }

    def bad(self, hit, could, day, among):
        bad = {
            s
            for s in among
            if 10 * len(self.pods(hit, s, day)) >= len(self.pods(could, s, day))
            and self.pods(hit, s, day)
        }
        return 2 * len(bad) >= len(among) and len({int(self.o.provider[s]) for s in bad}) > 1

    def rare(self, events):
        days = range(self.o.first_day, self.o.first_day + self.before)
        exposure = sum(
            len(self.pods(self.at_risk(day), s, day)) for day in days for s in self.strata
        )
        if self.before < 3 or not exposure:
            return []
        past = sum(-n for _, day, n in events if n < 0 and day < self.begun)
        kept = [(seen, day, n) for seen, day, n in events if n > 0 and seen >= self.begun_at]

        def upgraded(day):
            up = self.up(self.at_risk(day), day)
            return sum(len(self.pods(up, s, day)) for s in self.strata)

        return self.rates(kept, upgraded, rate_bound(past, exposure, self.miss))

    def without_controls(self, events):
        if self.before < 3:
            return []
        bad = 0
        for day in {int(d) for d in self.o.harm_day if self.o.first_day <= d < self.begun}:
            hit = {int(u) for u in self.o.harm_unit[self.o.harm_day == day]}
            could = self.at_risk(day)
            bad += self.bad(hit, could, day, {s for s in self.strata if self.pods(could, s, day)})
        first = {}
        for seen, day in events:
            if day >= self.begun:
                first.setdefault(day, seen)
        kept = [(seen, day, 1) for day, seen in first.items()]

        def counts(day):
            return int(bool(self.lone(self.at_risk(day), day)))

        return self.rates(kept, counts, rate_bound(bad, self.before, self.miss))

    def rates(self, events, exposure_of, bound):
        steps, taken = [], 0.0
        for seen, day, n in events:
            days = range(max(self.begun, self.o.first_day), day + 1)
            expected = max(sum(exposure_of(d) for d in days) * bound, taken)
            steps.append((seen, rate(n, expected - taken), n, 0))
            taken = expected
        return steps


def most_odds(harmed, upgraded, others, before):
    """By alternative, the odds at which a release shows, where this many are harmed in all."""
    found = []
    for odds in range(len(ODDS)):
        share = 0.4 if before else 0.05 if odds < 3 else 0.2
        left = harmed - 1 - share * upgraded - 2 * sqrt(share * (1 - share) * upgraded)
        anyway = min(max(left / max(upgraded + others, 1), 1e-9), 1.0)
        found.append(1 + share * (1 - anyway) / anyway)
    return found


def played(steps):
    found, logs, one, other = [], 0.0, 0, 0
    for seen, factors, exposed, others in steps:
        logs, one, other = logs + factors, one + exposed, other + others
        found.append((seen, mixed(logs), one, other))
    return found


def lesser(won, limit):
    """Return the lesser of two wealths at every moment of either, with the counts of the first."""
    moments = sorted({step[0] for step in won} | {step[0] for step in limit})
    found = []
    for at in moments:
        mine = [s for s in won if s[0] <= at] or [(at, 0.0, 0, 0)]
        theirs = [s for s in limit if s[0] <= at] or [(at, 0.0, 0, 0)]
        found.append((at, min(mine[-1][1], theirs[-1][1]), *mine[-1][2:]))
    return found
