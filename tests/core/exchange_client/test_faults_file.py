"""The file of faults: every kind has a word, one file is one history, and what is wrong in it is named."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from core.errors import SettingsError
from core.exchange.command import exchange as command
from core.exchange.faults import BODY_KINDS, KINDS, REST_KINDS, STREAM_KINDS, parse


def test_every_fault_of_the_list_has_a_word_and_is_of_one_kind() -> None:
    assert len(KINDS) == len(REST_KINDS) + len(STREAM_KINDS) + len(BODY_KINDS) == 24
    assert all(KINDS.values())


def test_one_file_is_one_history_of_faults() -> None:
    toml = 'seed = 7\n[[fault]]\nkind = "gap"\nprobability = 0.3\n'
    runs = [[bool(plan.due(STREAM_KINDS, "fill")) for _ in range(200)] for plan in (parse(toml), parse(toml))]
    assert runs[0] == runs[1] and 30 < sum(runs[0]) < 90


@pytest.mark.parametrize(
    ("toml", "words"),
    [("nonsense", "not TOML"), ("sed = 1", "sed"), ('[[fault]]\nkind = "gpa"', "kind"), ("[[fault]]\non = 'x'", "kind"),
     ('[[fault]]\nkind = "gap"\nat = [0]', "at"), ("[[fault]]\nkind = 'gap'\nat = [1]\nprobability = 1", "one of them"),
     ('[[fault]]\nkind = "removed_field"', "needs the name"),
     ("[[fault]]\nkind = 'gap'\nprobability = 2", "probability"),
     ('[[fault]]\nkind = "timeout"\nseconds = "long"', "seconds")],
)  # fmt: skip
def test_a_faults_file_that_is_wrong_says_where(toml: str, words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        parse(toml)


@given(st.text(max_size=200) | st.binary(max_size=100).map(lambda b: b.decode("latin-1")))
def test_any_text_is_a_plan_or_an_error_with_its_reason(text: str) -> None:
    with contextlib.suppress(SettingsError):
        parse(text)


def test_the_command_refuses_a_faults_file_that_is_not_there() -> None:
    found = CliRunner().invoke(command, ["--faults", "/nowhere/at/all.toml"])
    assert isinstance(found.exception, SettingsError) and "cannot be read" in str(found.exception)
