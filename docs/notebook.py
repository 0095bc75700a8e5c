"""An example notebook: forecast skill, quote lifetime, markouts, where the PnL came from.

Open it with `.venv/bin/marimo edit docs/notebook.py`, or run it as a script. It reads the lake in memory while
everything runs; change the queries, nothing can break.
"""

import marimo

app = marimo.App(width="medium", app_title="What did we earn, and why?")


@app.cell
def setup():
    import marimo as mo
    from matplotlib.figure import Figure

    from core import config
    from core.storage import lake

    db = lake.connect(config.load().storage.data.resolve())

    def columns(query):
        """The columns of an answer, by name."""
        return db.execute(query).fetchnumpy()

    def axes(title, xlabel, ylabel):
        """An empty plot."""
        figure = Figure(figsize=(7, 3.2), layout="constrained")
        plot = figure.add_subplot(title=title, xlabel=xlabel, ylabel=ylabel)
        plot.spines[["top", "right"]].set_visible(False)
        return figure, plot

    return axes, columns, mo


@app.cell
def words(mo):
    mo.md("""
    # What did we earn, and why?

    Every table, view and column is explained in `docs/data-dictionary.md`; ten more questions: `docs/queries.sql`.
    """)
    return


@app.cell
def forecast_skill(axes, columns):
    skill = columns("""
        SELECT day, avg(model_skill) AS model, avg(fair_skill) AS quoted FROM skill_by_day GROUP BY day ORDER BY day
    """)
    skill_figure, skill_plot = axes("Forecast skill against the market", "climate day", "1 - Brier / market's Brier")
    skill_plot.axhline(0, color="black", linewidth=0.8)
    for who in ("model", "quoted"):
        skill_plot.plot([str(d)[:10] for d in skill["day"]], skill[who], "o-", label=who)
    skill_plot.legend(frameon=False)
    skill_figure
    return skill, skill_figure


@app.cell
def quote_lifetime(axes, columns):
    lifetimes = columns("SELECT lasted_s FROM quote_lifetimes WHERE quoted AND lasted_s > 0")["lasted_s"]
    life_figure, life_plot = axes("How long a quote lasts", "seconds", "quotes")
    if len(lifetimes):
        edges = [1e-3 * 10 ** (k / 4) for k in range(32)]
        life_plot.hist(lifetimes, bins=edges, color="#457b9d")
        life_plot.set_xscale("log")
    life_figure
    return life_figure, lifetimes


@app.cell
def markouts(axes, columns):
    horizons = {"10 s": "markout_10s_usd", "1 min": "markout_1m_usd", "5 min": "markout_5m_usd",
                "30 min": "markout_30m_usd", "settled": "markout_settled_usd"}  # fmt: skip
    means = ", ".join(f"avg({name}) * 100 AS {name}" for name in horizons.values())
    moved = columns(f"SELECT side, count(*) AS fills, {means} FROM markouts GROUP BY side ORDER BY side")
    out_figure, out_plot = axes("Markouts: did the market move our way?", "after the fill", "cents a contract")
    out_plot.axhline(0, color="black", linewidth=0.8)
    for k, side in enumerate(moved["side"]):
        out_plot.plot(list(horizons), [moved[name][k] for name in horizons.values()], "o-", label=side)
    if len(moved["side"]):
        out_plot.legend(frameon=False)
    out_figure
    return moved, out_figure


@app.cell
def where_the_pnl_came_from(axes, columns):
    split = columns("""
        SELECT day, sum(spread_usd) AS spread, sum(adverse_usd) AS adverse, sum(settlement_usd) AS settlement,
               sum(fees_usd) AS fees, sum(pnl_usd) AS pnl
        FROM pnl_attribution_by_city GROUP BY day ORDER BY day
    """)
    split_figure, split_plot = axes("Where the PnL came from", "climate day", "dollars")
    days = [str(d)[:10] for d in split["day"]]
    for place, part in enumerate(("spread", "adverse", "settlement", "fees")):
        split_plot.bar([k + (place - 1.5) * 0.2 for k in range(len(days))], split[part], width=0.2, label=part)
    split_plot.plot(range(len(days)), split["pnl"], "ko", label="PnL")
    split_plot.set_xticks(range(len(days)), days)
    split_plot.axhline(0, color="black", linewidth=0.8)
    split_plot.legend(frameon=False, ncols=5, fontsize=8)
    split_figure
    return split, split_figure


if __name__ == "__main__":
    app.run()
