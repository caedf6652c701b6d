"""What the gate says, in Chinese and English."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "title": "Release {release}: {terminals} terminals from {since}",
        "none": "upgrades.csv names no release, so there is nothing to replay.",
        "halted": "FAIL at {at}",
        "never_halted": "never halted",
        "passed": "PASS at {at}",
        "never_passed": "no PASS",
        "looks": "{looks} looks; what changed:",
        "harm": (
            "{release} does harm: {hit} stores or accounts with the upgrade {outcome}; by those "
            "without it on the same days {expected} were to be expected ({others} of them did the "
            "same). {last}"
        ),
        "harm_rare": (
            "{release} does harm: {hit} stores or accounts with the upgrade {outcome}; by the weeks "
            "before {expected} were to be expected, and nobody beside them without the upgrade did "
            "the same. {last}"
        ),
        "harm_alone": (
            "{release} does harm: on {hit} days a tenth or more of the terminals {outcome}, at most "
            "providers; by the weeks before {expected} such days were to be expected. Nobody is "
            "left without the upgrade to compare with. {last}"
        ),
        "harm_last": (
            "The evidence against it is {e} to 1; at {stop} to 1 a rollout is stopped, which befalls "
            "a harmless release in fewer than one of {stop} rollouts. {money} of upgraded "
            "terminals' money is late now. Start no further wave, put the release before back on "
            "the harmed terminals, and chase the late sales one by one."
        ),
        "harm_later": (
            "{release} was stopped by its harm before; {money} of upgraded terminals' money is "
            "late now. It stays stopped: a corrected release begins anew."
        ),
        "clean": (
            "Upgraded: {exposed}. The first money of {seen} of them was due, and {harmed} were "
            "harmed while those beside them were not. A release that harms {margin} or more is "
            "ruled out by that ({clean} to 1). The next wave may start."
        ),
        "not_begun": "No terminal is upgraded yet. There is nothing to say.",
        "money_not_due": (
            "Upgraded: {exposed}. None of their money is due yet, or its statement has not come. "
            "Wait for it; start no further wave."
        ),
        "too_few": (
            "Upgraded: {exposed}. The first money of {seen} of them was due, {harmed} were harmed. "
            "So few cannot show that the release harms less than {margin}, even if none is harmed. "
            "Wait for the others, or upgrade at least {least} before a wave is judged."
        ),
        "new_wave": (
            "So far nothing is wrong (money of {seen} of {exposed} upgraded terminals seen, "
            "{harmed} harmed), but the newest wave's first money is mostly not due yet. Wait for it."
        ),
        "not_sure": (
            "Of {seen} upgraded terminals whose money was due, {harmed} were harmed while those "
            "beside them were not. That is too little to stop (evidence {e} to 1, {stop} to 1 "
            "stops) and too much to go on (that the release harms less than {margin} is not shown). "
            "Start no further wave; look at those terminals."
        ),
        "doubtful": (
            "Of {seen} upgraded terminals whose money was due, {harmed} were harmed while those "
            "beside them were not. By their number alone the next wave might start, but all that was "
            "seen speaks against the release by {e} to 1 ({stop} to 1 stops): stores or accounts with "
            "the upgrade {outcome} more often than by chance. Start no further wave until that has "
            "gone or grown; look at those terminals."
        ),
        "blind": (
            "Nothing can be said: of {blind} too little was known before the rollout to judge. "
            "Give statements of the weeks before, with their coverage."
        ),
        "lot": (
            "Compared by lot: with {drawn} terminals drawn for later waves, {held} of them held back "
            "until the last."
        ),
        "lot_done": "Nobody of the lot is left without the upgrade to compare with.",
        "lot_early": (
            "{early} of those held back were upgraded before the last wave and are no control any "
            "more: {names}."
        ),
        "lot_broken": (
            "Not compared by lot: more than a fifth of the upgraded were upgraded out of turn or "
            "without being drawn, so it is with all terminals not upgraded, whoever chose them."
        ),
        "lot_late": (
            "The waves of {late} terminals were drawn only after their upgrade, which is no lot."
        ),
        "waves.title": "Waves of {release}, drawn by lot: {terminals} terminals",
        "waves.upgraded": "{count} have the release already and are left out.",
        "waves.wave": "wave",
        "waves.terminals": "terminals",
        "waves.held": "{number}, held back",
        "waves.written": (
            "Written to {file}. Put it among your facts before the first upgrade: the gate then "
            "compares by this lot. Upgrade the next wave when the gate says PASS, and those held "
            "back last."
        ),
        "waves.next": (
            "Nothing was written: give --out actions-….csv, and put that file among your facts "
            "before the first upgrade."
        ),
        "staying_3": "{outcome} on three days of a week",
        "staying_2": "{outcome} on two days of a week",
        "submit": "handed their sales in late",
        "clear": "were cleared late",
        "pay_out": "were paid out late",
        "credit": "had their money in the bank late",
        "open_batch": "did not close their batch",
        "unbalanced": "closed with totals that disagree",
        "silent": "were not heard of for a day",
        "refused": "had half of their sales refused",
        "sign_in": "could not sign in or had a message refused by its code (MAC)",
        "volume": "fell to a fifth of their sales",
        "returned": (
            "had money returned or refused for a reason that the release touches (account, merchant "
            "or terminal number, batch, signature, field)"
        ),
    },
    "zh": {
        "title": "版本 {release}：{terminals} 台终端，{since} 起",
        "none": "upgrades.csv 里没有任何版本，没有可以回放的内容。",
        "halted": "{at} 叫停（FAIL）",
        "never_halted": "从未叫停",
        "passed": "{at} 放行（PASS）",
        "never_passed": "尚未放行",
        "looks": "共查看 {looks} 次，变化如下：",
        "harm": (
            "{release} 有害：已升级的门店或账户有 {hit} 个{outcome}；参照同日未升级的，本应只有 "
            "{expected} 个（未升级的有 {others} 个如此）。{last}"
        ),
        "harm_rare": (
            "{release} 有害：已升级的门店或账户有 {hit} 个{outcome}；参照升级前几周，本应只有 "
            "{expected} 个，周围未升级的一个也没有。{last}"
        ),
        "harm_alone": (
            "{release} 有害：有 {hit} 天在多数支付机构有一成以上的终端{outcome}；参照升级前几周，"
            "这样的日子本应只有 {expected} 天。已没有未升级的终端可供对照。{last}"
        ),
        "harm_last": (
            "不利证据为 {e} 比 1，达到 {stop} 比 1 即叫停；无害的版本被误停，{stop} 次升级中不到一次。"
            "已升级终端目前有 {money} 迟到。请勿开始下一批，把受害终端退回原版本，逐笔追回迟到的款。"
        ),
        "harm_later": (
            "{release} 先前已因有害而叫停；已升级终端目前有 {money} 迟到。叫停不会自动解除，"
            "改正后的版本须重新开始。"
        ),
        "clean": (
            "已升级 {exposed} 台，其中 {seen} 台的首笔款已到期，有 {harmed} 台受害而周围同类无恙。"
            "据此可以排除受害达到 {margin} 的可能（{clean} 比 1）。可以开始下一批。"
        ),
        "not_begun": "还没有终端升级，暂无结论。",
        "money_not_due": "已升级 {exposed} 台，款项都未到期，或对账单未到。请等待，勿开始下一批。",
        "too_few": (
            "已升级 {exposed} 台，其中 {seen} 台的首笔款已到期，受害 {harmed} 台。台数太少，即使"
            "无一受害，也不能说明受害低于 {margin}。请等其余终端的款到期，或每批至少升级 {least} 台"
            "再作判断。"
        ),
        "new_wave": (
            "目前没有问题（已升级 {exposed} 台，{seen} 台的款已到期，受害 {harmed} 台），但最新一批"
            "多数终端的首笔款尚未到期。请等待。"
        ),
        "not_sure": (
            "款已到期的 {seen} 台已升级终端中，有 {harmed} 台受害而周围同类无恙：不足以叫停"
            "（证据 {e} 比 1，需 {stop} 比 1），也不足以放行（尚未证明受害低于 {margin}）。"
            "请勿开始下一批，先查这些终端。"
        ),
        "doubtful": (
            "款已到期的 {seen} 台已升级终端中，有 {harmed} 台受害而周围同类无恙。单看台数可以放行，但全部"
            "证据以 {e} 比 1 对该版本不利（{stop} 比 1 叫停）：已升级的门店或账户{outcome}，多于偶然。请勿"
            "开始下一批，等证据消退或坐实，先查这些终端。"
        ),
        "blind": ("无法判断：{blind} 在升级前的数据太少。请补充升级前几周的对账单及其覆盖区间。"),
        "lot": "按抽签对照：与抽到后面各批的 {drawn} 台比较，其中 {held} 台留到最后一批。",
        "lot_done": "抽签的终端都已升级，没有可供对照的。",
        "lot_early": "留到最后的终端有 {early} 台提前升级，不再用作对照：{names}。",
        "lot_broken": (
            "未按抽签对照：已升级的终端有五分之一以上没有抽签或不按次序，因此与所有未升级的终端比较，"
            "不论由谁挑选。"
        ),
        "lot_late": "有 {late} 台的批次是在升级之后才抽定的，不算抽签。",
        "waves.title": "{release} 的各批，抽签决定：{terminals} 台终端",
        "waves.upgraded": "有 {count} 台已是该版本，不参加抽签。",
        "waves.wave": "批次",
        "waves.terminals": "终端",
        "waves.held": "{number}（留到最后）",
        "waves.written": (
            "已写入 {file}。请在首次升级之前把它放进数据里，闸门就按这次抽签对照。闸门放行（PASS）后"
            "再升级下一批，留到最后的最后升级。"
        ),
        "waves.next": "没有写文件：请加 --out actions-….csv，并在首次升级之前把该文件放进数据里。",
        "staying_3": "一周内三天{outcome}",
        "staying_2": "一周内两天{outcome}",
        "submit": "交易送达晚了",
        "clear": "清算晚了",
        "pay_out": "付款晚了",
        "credit": "入账晚了",
        "open_batch": "没有结批",
        "unbalanced": "结批对账不平",
        "silent": "整天没有音讯",
        "refused": "半数交易被拒",
        "sign_in": "签到失败或报文校验（MAC）被拒",
        "volume": "交易量跌到五分之一",
        "returned": "款被退回或拒收，原因涉及版本改动（账户、商户号、终端号、批次、签名、字段）",
    },
}
"""By language and key; reasons and outcomes are named as :mod:`daozhang.gate` names them."""
