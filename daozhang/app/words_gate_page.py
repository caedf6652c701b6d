"""What the page of a replay says, in Chinese and English."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Replay of upgrades",
        "when": "Everything known by {until}.",
        "zone": "Times are {zone}.",
        "several": "{stopped} of {count} releases should be stopped, {passed} may go on.",
        "none": "upgrades.csv names no release, so there is nothing to replay.",
        "head.harm": (
            "Stop {release}: its terminals {outcome}. Halted {at}, with {exposed} of {fleet} "
            "terminals upgraded."
        ),
        "head.clean": (
            "{release} may go on: of {seen} upgraded terminals whose money was due {harmed} were "
            "harmed, and that it harms {margin} or more is ruled out."
        ),
        "head.not_begun": "{release} is not begun.",
        "head.money_not_due": (
            "Wait with {release}: upgraded are {exposed}, and none of their money is due yet."
        ),
        "head.too_few": (
            "Wait with {release}: so far the money of {seen} upgraded terminals was due, too few to "
            "judge it by."
        ),
        "head.new_wave": (
            "Wait with {release}: its first waves are clean, its newest one's money is not due yet."
        ),
        "head.not_sure": (
            "Hold {release}: of {seen} upgraded terminals whose money was due {harmed} were harmed, "
            "too few to stop it and too many to go on."
        ),
        "head.doubtful": (
            "Hold {release}: few of its terminals were harmed ({harmed} of {seen}), but what was seen "
            "speaks against it, though not enough to stop it."
        ),
        "head.blind": "Nothing can be said of {release}: too little is known of {blind}.",
        "next": "Next",
        "next.harm": (
            "Start no further wave, and put the release before back on the harmed terminals.\n"
            "Run check on this folder: its list of late sales says whom to ask for which money.\n"
            "Compare what the release changed (keys, batches, account, clock, message fields) with "
            "what the terminals show.\n"
            "Begin a corrected release anew, with a first wave of {least} terminals or more."
        ),
        "next.clean": "Start the next wave, and hold some terminals back until the last (waves draws them).",
        "next.not_begun": (
            "Upgrade a first wave of {least} terminals or more; waves draws it and whom to hold back."
        ),
        "next.money_not_due": (
            "Start no further wave before the first money of this one is due.\n"
            "See that the bank statements of those days come in."
        ),
        "next.too_few": (
            "Wait until more terminals' money is due, or upgrade {least} or more before a wave is "
            "judged."
        ),
        "next.new_wave": "Start no further wave before the newest one's first money is due.",
        "next.not_sure": (
            "Start no further wave.\n"
            "Look at the harmed terminals one by one: trace says where each sale's money is.\n"
            "If they have a cause of their own, wait; a few clean days show it."
        ),
        "next.doubtful": (
            "Start no further wave.\n"
            "Look at the harmed terminals one by one: trace says where each sale's money is.\n"
            "Wait a few business days: if the release does harm, the evidence grows until it stops."
        ),
        "next.blind": "Give statements of the weeks before the rollout, with their coverage.",
        "card.verdict": "Verdict",
        "card.now": "Late of the upgraded",
        "card.most": "Late at most",
        "card.upgraded": "Upgraded",
        "card.evidence": "Evidence of harm",
        "card.share": "{share} of {fleet} terminals",
        "card.stop": "stops at {stop} to 1",
        "card.to_one": "{e} to 1",
        "card.at": "since {at}",
        "card.looks": "in {looks} looks",
        "card.now_at": "at {at}",
        "why": "Why, as it was at {at}",
        "weighed": "What was weighed",
        "weighed.note": (
            "A group is what fails together: a store's terminals, or those paid into one account. "
            "Each bet begins at 1 and holds its part of the stake; their mean is the evidence. "
            "As known at {at}."
        ),
        "column.outcome": "The upgraded …",
        "column.against": "Compared with",
        "column.hit": "Groups harmed",
        "column.expected": "To be expected",
        "column.others": "Among the others",
        "column.won": "Bet multiplied by",
        "column.stake": "Part of the stake",
        "against.race": "the others of the same day",
        "against.past": "how rare it was before",
        "against.alone": "days before, nobody being left",
        "rest": "{count} further bets",
        "idle": "not bet",
        "mean": "Evidence: mean of all",
        "looks": "When the verdict changed",
        "looks.note": "{looks} looks, one every {every}.",
        "column.at": "Moment",
        "column.said": "Verdict and why",
        "column.exposed": "Upgraded",
        "column.evidence": "Evidence, to 1",
        "column.risk": "Late then",
        "sure": (
            "How sure: a release that does no harm is halted with probability {alpha} at most, "
            "however often one looks. One that harms {margin} or more passes with probability "
            "{miss} at most."
        ),
        "made_by": "Made by daozhang replay. This page asks nothing of any network.",
    },
    "zh": {
        "title": "升级回放",
        "when": "截至 {until} 已知的情况。",
        "zone": "时间均为 {zone}。",
        "several": "共 {count} 个版本：应停止 {stopped} 个，可放行 {passed} 个。",
        "none": "upgrades.csv 里没有任何版本，没有可以回放的内容。",
        "head.harm": (
            "{release} 应停止：已升级终端{outcome}。{at} 叫停，当时共 {fleet} 台中已升级 {exposed} 台。"
        ),
        "head.clean": (
            "{release} 可以放行：款已到期的 {seen} 台已升级终端中受害 {harmed} 台，可以排除受害"
            "达到 {margin} 的可能。"
        ),
        "head.not_begun": "{release} 尚未开始。",
        "head.money_not_due": "{release} 请等待：已升级 {exposed} 台，款项都未到期。",
        "head.too_few": "{release} 请等待：款已到期的已升级终端只有 {seen} 台，不足以判断。",
        "head.new_wave": "{release} 请等待：前几批没有问题，最新一批的首笔款尚未到期。",
        "head.not_sure": (
            "{release} 暂缓：款已到期的 {seen} 台已升级终端中受害 {harmed} 台，叫停证据不足，放行又嫌太多。"
        ),
        "head.doubtful": (
            "{release} 暂缓：受害终端不多（{seen} 台中 {harmed} 台），但证据对它不利，只是还不足以叫停。"
        ),
        "head.blind": "{release} 无法判断：{blind} 的数据太少。",
        "next": "下一步",
        "next.harm": (
            "不要开始下一批，把受害终端退回原版本。\n"
            "对这个文件夹运行 check：迟到清单写明该向谁追哪笔款。\n"
            "把版本改动（密钥、批次、账户、时钟、报文字段）与终端的表现逐项对照。\n"
            "改正后的版本重新开始，第一批不少于 {least} 台。"
        ),
        "next.clean": "可以开始下一批，并留一部分终端到最后再升级（waves 可抽签决定）。",
        "next.not_begun": "第一批升级不少于 {least} 台；由 waves 抽签决定，并留出对照。",
        "next.money_not_due": "本批首笔款到期之前，不要开始下一批。\n确认这几天的银行对账单能按时拿到。",
        "next.too_few": "等更多终端的款到期，或每批至少升级 {least} 台再作判断。",
        "next.new_wave": "最新一批首笔款到期之前，不要开始下一批。",
        "next.not_sure": (
            "不要开始下一批。\n"
            "逐台查看受害终端：trace 会说明每笔款在哪里。\n"
            "如果各有各的原因，就再等等，几天没有问题便可看清。"
        ),
        "next.doubtful": (
            "不要开始下一批。\n"
            "逐台查看受害终端：trace 会说明每笔款在哪里。\n"
            "再等几个工作日：如果版本有害，证据会增加直到叫停。"
        ),
        "next.blind": "补充升级前几周的对账单及其覆盖区间。",
        "card.verdict": "结论",
        "card.now": "已升级终端迟到",
        "card.most": "迟到最多时",
        "card.upgraded": "已升级",
        "card.evidence": "有害的证据",
        "card.share": "{fleet} 台的 {share}",
        "card.stop": "{stop} 比 1 叫停",
        "card.to_one": "{e} 比 1",
        "card.at": "{at} 起",
        "card.looks": "共查看 {looks} 次",
        "card.now_at": "截至 {at}",
        "why": "理由（{at}）",
        "weighed": "各项证据",
        "weighed.note": (
            "一组是会一起出事的终端：同一门店，或收款到同一账户。每个赌注从 1 开始，各占一份本金，"
            "全部的平均值就是证据。截至 {at}。"
        ),
        "column.outcome": "已升级终端……",
        "column.against": "对照",
        "column.hit": "受害组数",
        "column.expected": "本应有",
        "column.others": "对照中",
        "column.won": "赌注翻了",
        "column.stake": "本金占比",
        "against.race": "同日未升级的终端",
        "against.past": "升级前有多罕见",
        "against.alone": "升级前的日子（已无未升级终端）",
        "rest": "其余 {count} 个赌注",
        "idle": "未下注",
        "mean": "证据：全部的平均",
        "looks": "结论何时改变",
        "looks.note": "共查看 {looks} 次，每{every}一次。",
        "column.at": "时刻",
        "column.said": "结论与理由",
        "column.exposed": "已升级",
        "column.evidence": "证据（比 1）",
        "column.risk": "当时迟到",
        "sure": (
            "把握有多大：无害的版本不论查看多少次，被叫停的概率不超过 {alpha}；"
            "危害达到 {margin} 的版本被放行的概率不超过 {miss}。"
        ),
        "made_by": "由 daozhang replay 生成。本页不访问任何网络。",
    },
}
"""By language and key; what follows ``head.`` and ``next.`` is a reason of the gate's."""
