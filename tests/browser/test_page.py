"""The dashboard in a real browser: start, see quotes, look around, switch a market, change a limit, halt, resume."""

import time

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Look
from tests.system.house import House

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(look: Look, running: House) -> Look:
    look.driver.get("about:blank")
    look.driver.get_log("browser")  # what other pages left in it
    look.driver.get(running.dashboard)
    look.size(1280, "light")
    look.until("the state", lambda: look.text("#state") == "quoting")
    return look


@pytest.fixture(scope="module")
def best(running: House) -> dict:
    """An event quoted on both sides in several markets, of which the market's own belief is known."""

    def both_ways(e: dict) -> int:
        return sum(bool(m["our_bids"] and m["our_asks"] and m["market_c"] is not None) for m in e["markets"])

    def found() -> dict | None:
        event = max(running.api("/api/events"), key=both_ways)
        return event if both_ways(event) > 1 else None

    return running.until("an event that is quoted both ways, its books read", found, 150)  # the second publication


def working(house: House) -> int:
    return int(house.api("/api/status")["working"])


def adding(house: House) -> list[str]:
    """Orders that would make a position larger."""
    held = {p["ticker"]: p["contracts"] for p in house.api("/api/account/positions")}
    orders = house.api("/api/account/orders")
    return [o["id"] for o in orders if held.get(o["ticker"], 0.0) * (1 if o["side"] == "bid" else -1) >= 0]


def test_in_one_look_it_says_how_it_is(page: Look) -> None:
    assert page.text("#environment") == "embedded"
    assert "$" in page.text("#pnl") and "$" in page.text("#worst") and "$" in page.text("#worst-more")
    assert "rest" in page.text("#orders")
    assert "old" in page.text("#age") and "good for" in page.text("#left")
    assert "ago" in page.text("#feed")
    page.until("the curve", lambda: page.count("#curve path"))
    page.until("the flows", lambda: "fine" in page.text("#flows-say"), 40)
    assert not [line for line in page.driver.get_log("browser") if line["level"] == "SEVERE"]


def test_every_city_is_in_the_grid_with_its_events(page: Look) -> None:
    page.until("the cities", lambda: page.count("#cities .city") >= 15)
    assert page.count("#cities .event") >= 20
    page.until("quotes", lambda: page.count("#cities i.both") + page.count("#cities i.one") >= 20)
    page.driver.find_element(By.ID, "filter").send_keys("boston")
    shown = "return [...document.querySelectorAll('.city:not([hidden]) h3')].map(h => h.innerText)"
    assert all("Boston" in name for name in page.driver.execute_script(shown))
    page.driver.find_element(By.ID, "filter").send_keys(Keys.CONTROL, "a", Keys.DELETE)


def test_it_lives_and_a_row_keeps_the_focus_while_the_figures_change(page: Look) -> None:
    row = page.driver.find_element(By.CSS_SELECTOR, "#cities .event")
    page.driver.execute_script("arguments[0].focus()", row)
    before = page.text("#feed") + page.text("#age")
    page.until("new figures", lambda: page.text("#feed") + page.text("#age") != before)
    assert page.driver.switch_to.active_element == row


def test_an_event_opens_by_keyboard_and_shows_what_each_outcome_earns(page: Look, best: dict) -> None:
    row = page.driver.find_element(By.CSS_SELECTOR, f'[data-event="{best["event"]}"]')
    page.driver.execute_script("arguments[0].focus()", row)
    row.send_keys(Keys.ENTER)
    page.until("the distributions", lambda: page.count("#ladder rect.model") > 2 and page.count("#ladder .market-line"))
    assert page.count("#ladder .band") == 1, "down to everything resting filled the worst way"
    assert "pays: we earn" in page.text("#outcome") and "Forecast" in page.text("#outcome")
    before = page.text("#outcome")
    page.driver.find_element(By.ID, "temperature").send_keys(Keys.ARROW_RIGHT)
    assert page.text("#outcome") != before


def test_the_book_shows_our_orders_and_the_day_our_quotes(page: Look) -> None:
    page.until("our orders in the book", lambda: "ours:" in page.text("#book"))
    page.until("fair through the day", lambda: page.count("#day path.ours-line"), 30)
    assert page.count("#day path.bid-line") == 1
    page.shot("event-1280-light")


def test_a_side_that_is_not_quoted_says_why_in_words(page: Look, running: House) -> None:
    priced = [m for m in running.api("/api/markets") if m["fair_c"]]
    market = next(m for m in priced if m["bid_reasons"] and not m["our_bids"])
    page.go("event/" + market["event"])
    page.until("the words", lambda: market["bid_reasons"][0] in page.text("#markets"))
    assert "_" not in market["bid_reasons"][0]


def test_a_market_is_switched_off_and_on(page: Look, running: House, best: dict) -> None:
    market = next(m for m in best["markets"] if m["our_bids"])
    page.go("event/" + best["event"])
    switch = f'#markets button[data-toggle="{market["ticker"]}"]'
    page.until("the switch", lambda: page.count(switch))
    page.click(switch)
    page.until("the words", lambda: "switched off by a person" in page.text("#markets"))
    orders = [o for o in running.api("/api/account/orders") if o["ticker"] == market["ticker"]]
    page.until("its orders gone", lambda: not orders or not any(
        o["ticker"] == market["ticker"] for o in running.api("/api/account/orders")))  # fmt: skip
    page.click(switch)
    page.until("quoted again", lambda: "switched off by a person" not in page.text("#markets"))


def test_a_limit_is_changed_and_a_wrong_one_is_refused_by_name(page: Look, running: House) -> None:
    page.go("settings")
    field = '[data-key-of="risk.max_loss_event"]'
    page.until("the settings", lambda: page.count(field))
    assert "worst case of one event" in page.text("#settings"), "each setting says what it means"

    def put(value: str) -> None:
        box = page.driver.find_element(By.CSS_SELECTOR, field)
        box.send_keys(Keys.CONTROL, "a")
        box.send_keys(value)
        page.click("#save")

    put("a lot")
    page.until("the refusal", lambda: "max_loss_event" in page.text("#toast"))
    put("55.00")
    page.until("the new limit", lambda: running.api("/api/status")["limits"]["event_usd"] == 55.0)
    page.shot("settings-1280-light")
    page.until(
        "it is shown", lambda: page.driver.find_element(By.CSS_SELECTOR, field).get_attribute("value") == "55.00"
    )


def test_opportunities_are_ranked_and_events_are_chosen_from_them(page: Look, running: House, best: dict) -> None:
    page.go("opportunities")
    page.until("the list", lambda: page.count("#opportunities tbody tr") > 50)
    page.shot("opportunities-1280-light")
    box = f'input[data-choose="{best["event"]}"]'
    page.driver.execute_script("document.querySelector(arguments[0]).click()", box)
    page.click("#only-events")

    def quoted() -> set[str]:
        return {m["event"] for m in running.api("/api/markets") if m["our_bids"] or m["our_asks"]}

    page.until("only this event quoted", lambda: quoted() <= {best["event"]})
    page.click("#all")
    page.until("all quoted again", lambda: working(running) > 20, 40)


def test_orders_and_fills_are_listed(page: Look) -> None:
    page.go("orders")
    page.until("the orders", lambda: page.count("#working tbody tr") > 10)
    assert "5 min" in page.text("#fills"), "markouts"


def test_flow_runs_link_into_the_prefect_ui(page: Look, running: House) -> None:
    page.go("flows")
    page.until("the runs", lambda: page.count("#runs tbody tr") >= 2, 40)
    assert "old, good for" in page.text("#publication")
    href = page.driver.find_element(By.CSS_SELECTOR, "#latest a").get_attribute("href")
    assert href.startswith(f"http://127.0.0.1:{running.ports['PREFECT']}/runs/flow-run/")


def test_the_paper_session_has_its_controls_or_says_why_not(page: Look, running: House) -> None:
    page.go("paper")
    page.until("the paper view", lambda: page.text("#beside"))
    assert page.count("#paper-start") == page.count("#paper-stop") == page.count("#paper-reset") == 1
    assert page.count("#paper-export") == 1


def test_keys_lead_from_view_to_view(page: Look) -> None:
    body = page.driver.find_element(By.TAG_NAME, "body")
    body.send_keys("2")
    page.until("opportunities", lambda: page.count("#opportunities"))
    page.driver.find_element(By.TAG_NAME, "body").send_keys(Keys.ESCAPE)
    page.until("the overview", lambda: page.count("#cities"))


def test_halt_takes_the_orders_away_and_resume_brings_them_back(page: Look, running: House) -> None:
    page.click("#halt")
    page.until("halted", lambda: page.text("#state") == "halted")
    page.until("no orders", lambda: working(running) == 0)
    assert "Halted" in page.text("#trouble")
    page.shot("halted-1280-light")
    page.click("#resume")
    page.until("quoting again", lambda: working(running) > 20, 40)


def test_reduce_only_says_so_and_resume_lets_all_through(page: Look, running: House) -> None:
    page.click("#reduce")
    page.until("it is said", lambda: "Only orders that reduce a position" in page.text("#trouble"))
    page.until("nothing adds to a position", lambda: adding(running) == [])
    page.shot("reduce-only-1280-light")
    page.click("#resume")
    page.until("quoting on both sides again", lambda: len(adding(running)) > 20, 40)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_readable_on_a_laptop_and_a_phone_in_light_and_dark(page: Look, best: dict, width: int, scheme: str) -> None:
    page.size(width, scheme)
    for view in ("", "event/" + best["event"], "opportunities", "orders", "settings"):
        page.go(view)
        time.sleep(0.4)
        page.shot(f"{view.partition('/')[0] or 'overview'}-{width}-{scheme}")
        wide = page.driver.execute_script(
            "return [...document.querySelectorAll('header *, main *')].filter(e => !e.closest('svg'))"
            ".filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.tagName + '#' + e.id + '.' + e.className + ' ' + e.textContent.slice(0, 30))"
        )
        assert wide == [], f"{view}: wider than the window"
    dark = page.driver.execute_script(
        "return getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((a, b) => a + +b, 0)"
    )
    assert (dark < 300) == (scheme == "dark")
