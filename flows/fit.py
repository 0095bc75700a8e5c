"""Tonight's refit: learn from what the lake remembers, keep it only if it is no worse than the model in force."""

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact

from core.fair import coefficients
from core.fair.live import days_since
from core.fair.refit import Verdict, refit
from core.storage import lake
from flows import history, models
from flows.base import Context, context, run_name, whole


@task(name="refit", timeout_seconds=1800)
def learn(c: Context) -> Verdict:
    """The verdict; reads the lake, writes nothing."""
    now = c.now
    old, why = models.newest(c.data)
    if why:
        get_run_logger().warning(why)
    with lake.connect(c.data) as db:
        found, said = history.cases(db, now), history.said(db, now)
    return refit(found, said, old, coefficients.load(), days_since(now))


@task(name="keep the model")
def keep(c: Context, verdict: Verdict) -> str:
    """The file's name."""
    return models.keep(c.data, c.now, verdict.pricer, verdict.errors).name


@flow(
    name="fit",
    flow_run_name=run_name,
    timeout_seconds=2400,
    description="Refits the model; a refit that scores worse is refused.",
)
def fit() -> str:
    """What happened, in words."""
    c = context()
    verdict = learn(c)
    name = keep(c, whole(verdict))
    if not verdict.accepted:
        get_run_logger().warning(verdict.words)
    create_markdown_artifact(key="fit", markdown=shown(verdict, name), description=verdict.words)
    return verdict.words


def shown(v: Verdict, name: str) -> str:
    """For people: the verdict, and the model's weight in the blend by station and phase."""
    lines = [
        f"# Refit {'accepted' if v.accepted else 'REFUSED'}", "", v.words, "",
        "| last 60 days | in force | refit |", "|---|---|---|",
        f"| -ln P(official degree) | {v.old:.4f} | {v.new:.4f} |",
        f"| CRPS °F | {v.old_crps:.3f} | {v.new_crps:.3f} |", "",
        f"In force: {v.pricer.version} ({name}), learnt from {v.pricer.model.rows} cases of"
        f" {len(v.pricer.model.context.stations)} stations; {len(v.errors)} errors remembered.", "",
        "| station, variable, phase | weight of the model |", "|---|---|",
        *(f"| {key} | {w:.2f} |" for key, w in sorted({**v.pricer.weights.phases, **v.pricer.weights.of}.items())),
    ]  # fmt: skip
    return "\n".join(lines)
