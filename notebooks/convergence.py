# title: {en: "How close have open weights come?", ja: "オープンウェイトはどこまで迫ったか"}
# description:
#   en: "Recomputes the figures of Part 1 from the dated scores: the gap on the index, what is more than noise, and what a point costs."
#   ja: "第1部の図を、日付のある点数から計算し直す。総合指数の差、誤差の範囲を超える差、点数あたりの料金を確かめる。"

# %%
from collections import Counter

from scripts.notebook_show import Mark, Quantity, Show

show = Show("en")
data = show.data

# %% [markdown] en
# ## The gap over time {#gap}
#
# For each version of the Artificial Analysis index we walk through its dated scores, keep the best closed and the best open-weight model seen so far, and take their difference whenever one of them changes. No model is picked by hand.

# %% [markdown] ja
# ## 差の推移 {#gap}
#
# Artificial Analysisの指数の版ごとに、日付のある点数を古い順にたどる。その時点で最上位のプロプライエタリモデルとオープンウェイトモデルを記録し、どちらかが入れ替わるたびに差を取る。モデルを手で選ぶことはしない。


# %%
def scores_of(file):
    """(day, harness, kind, reference) of each row of a score file, oldest first."""
    rows = []
    for row in data.entity(file)["rows"]:
        words = (row["model"], row.get("setting", ""), row["harness"], row["date"])
        kind = "open" if data.entity(f"models/{row['model']}")["open_weights"] else "closed"
        rows.append((row["date"], row["harness"], kind, f"{file}#{' '.join(word for word in words if word)}"))
    return sorted(rows)


def models_of(*references):
    return [reference.partition("#")[2].split()[0] for reference in references]


def pair(best):
    return [show.name(f"models/{model}") for model in models_of(best["closed"], best["open"])]


versions = [
    file
    for file in (f"scores/{name}" for name in data.found["scores"])
    if data.entity(file)["benchmark"] == "artificial-analysis" and data.entity(file)["version"].startswith("v")
]
marks = []
for group, file in enumerate(versions):
    rows = scores_of(file)
    best = {}
    for day in sorted({day for day, *_ in rows}):
        before = dict(best)
        for _, _, kind, reference in (row for row in rows if row[0] == day):
            if kind not in best or data.v(reference) > data.v(best[kind]):
                best[kind] = reference
        if len(best) > 1 and best != before:
            when = Quantity(day, "date", day, show=data.text)
            marks.append(
                Mark(
                    " − ".join(pair(best)),
                    group,
                    {"x": when, "y": data.minus(best["closed"], best["open"])},
                    named=False,
                )
            )

names = [show.word("version", version=data.entity(file)["version"]) for file in versions]
show.plot("gap", "dots", marks, groups=names, scales={"x": "date"}, join="group")

# %% [markdown] en
# The book's own figure of [the gap](../book/part-1/gap-vanished.md) names its pairs. Where the dated scores give the same pair, the numbers must agree; where they never do, the figure rests on the day of a release that came before the score was reported.

# %% [markdown] ja
# [本の図](../book/part-1/gap-vanished.md)は、比べる組を名指ししている。点数の日付から同じ組が得られるなら、数値は一致しなければならない。得られない組は、点数の報告より早い公開日を図が使っているものである。

# %%
rows = []
for mark in show.made("gap-over-time").panels[0].marks:
    same = models_of(*mark["y"].rests_on)
    here = [gap["y"] for gap in marks if models_of(*gap["y"].rests_on) == same]
    rows.append([mark.name, mark["y"], *(here or [show.word("not-best")])])
    assert not here or here[0].figure == mark["y"].figure, mark.name
show.table(["column-pair", "column-site", "column-here"], rows)

# %% [markdown] en
# ## Is the difference more than noise? {#noise}
#
# On each board, the best closed and the best open-weight model under the harness that tested most models. The interval of the difference comes from both intervals, as in the book; where a board publishes none and has no number of tasks, nothing can be said. On boards of hallucination fewer errors are better, so a negative difference favors the closed model there.

# %% [markdown] ja
# ## 差は誤差の範囲を超えるか {#noise}
#
# ランキングごとに、最も多くのモデルを測った評価ハーネスの中で、最上位のプロプライエタリモデルとオープンウェイトモデルを比べる。差の区間は、本と同じく両者の区間から求めた。区間も課題数も公表していないランキングについては、何も言えない。ハルシネーションは少ないほどよいため、差が負ならプロプライエタリモデルが上回る。

# %%
rows = []
for file in (f"scores/{name}" for name in data.found["scores"]):
    found = scores_of(file)
    harness = Counter(harness for _, harness, *_ in found).most_common(1)[0][0]
    best = {}
    for _, used, kind, reference in found:
        sign = 1 if data.entity(file)["higher_is_better"] else -1
        if used == harness and (kind not in best or sign * (data.v(reference).figure - data.v(best[kind]).figure) > 0):
            best[kind] = reference
    if len(best) > 1:
        gap = data.minus(best["closed"], best["open"])
        words = (
            [show.word("interval", low=str(gap.low), high=str(gap.high))] if gap.ends else [show.word("no-interval")]
        )
        words.append(data.noise(best["closed"], best["open"]) if gap.ends else "")
        rows.append([data.entity(file)["name"], *pair(best), gap, *words])
show.table(
    [
        "column-board",
        "column-best-closed",
        "column-best-open",
        "column-difference",
        "column-interval",
        "column-reading",
    ],
    rows,
)

# %% [markdown] en
# ## What a point costs {#price}
#
# The figure of the book, from the same data. The stair joins the models that no other one equals at a lower price.

# %% [markdown] ja
# ## 点数あたりの料金 {#price}
#
# 同じデータから描いた本の図である。階段状の線は、より安い料金で並ぶモデルがないものを結んでいる。

# %%
show.figure("price-score")
