# title: {en: "A portfolio, plan by plan", ja: "ポートフォリオを総当たりで確かめる"}
# description:
#   en: "Takes the workloads of the worked example, prices every way to place them, and shows what sharing servers saves."
#   ja: "例題の業務を取り上げ、置き方を総当たりで計算する。サーバーの共用でいくら節約できるかも確かめる。"

# %%
import itertools

from scripts.notebook_show import Mark, Show

show = Show("en")
data = show.data
PRESET = "four-workloads"
workloads = data.entity(f"presets/{PRESET}")["set"]["workloads"]

# %% [markdown] en
# ## What the calculator recommends {#answer}
#
# The preset of the [portfolio calculator](../calculators/portfolio.md), as it stands in `data/presets/`.

# %% [markdown] ja
# ## 計算ツールの答え {#answer}
#
# `data/presets/`にある、[ポートフォリオの計算ツール](../calculators/portfolio.md)のプリセットをそのまま使う。

# %%
show.answer("portfolio", PRESET, "plans")

# %% [markdown] en
# ## Every plan, one by one {#plans}
#
# Now we trust nothing: each workload is forced to one of the places that its rules allow, and the calculator is asked for the bill of that plan alone.

# %% [markdown] ja
# ## すべての計画を総当たりで {#plans}
#
# 推奨をうのみにせず確かめる。各業務を、規則が許す場所のどれかに固定し、その計画だけの月額を計算ツールに求める。


# %%
def placed(places):
    """The month of a plan in which each workload has one place."""
    forced = [{**workload, "allowed_tiers": [place]} for workload, place in zip(workloads, places, strict=True)]
    return data.calc("portfolio", PRESET, workloads=forced).portfolio_month_usd


def told(places):
    parts = [
        show.word("plan-of", workload=workload["id"], place=show.place(place))
        for workload, place in zip(workloads, places, strict=True)
        if len(workload["allowed_tiers"]) > 1
    ]
    return show.word("plan-separator").join(parts)


plans = list(itertools.product(*(workload["allowed_tiers"] for workload in workloads)))
bills = sorted(((placed(plan), plan) for plan in plans), key=lambda bill: bill[0].figure)
marks = [Mark(told(plan), -1, {"x": bill}, named=True) for bill, plan in bills]
show.plot("plans", "bars", marks)

# %%
best = data.calc("portfolio", PRESET)
assert bills[0][0].figure == best.portfolio_month_usd.figure
print(told(bills[0][1]), "=", best.portfolio_month_usd)

# %% [markdown] en
# ## What sharing saves {#sharing}
#
# What does a workload cost by itself, and what does it add to the bill of the others? The difference is the work of shared servers and shared staff. No rule says who should get the saving.

# %% [markdown] ja
# ## 共用でいくら節約できるか {#sharing}
#
# 業務を単独で動かすといくらかかり、ほかの業務に加えるといくら増えるか。その差が、サーバーと人員を共用する効果である。節約分を誰の取り分とするかに、決まった答えはない。


# %%
def month(chosen):
    return data.calc("portfolio", PRESET, workloads=chosen).portfolio_month_usd


rows = []
for workload in workloads:
    alone = month([workload])
    added = best.portfolio_month_usd - month([other for other in workloads if other is not workload])
    rows.append([workload["id"], alone, added, alone - added])
show.table(["column-workload", "column-alone", "column-added", "column-saved"], rows)
