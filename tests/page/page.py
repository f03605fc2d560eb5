"""page: the dashboard in headless Chromium, over a real cluster under load, with a failover while it is open; light and
dark, wide and narrow. Screenshots stay in build/page/. Ends with `N passed, N failed`."""
import os
import sys
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

from selenium import webdriver  # noqa: E402
from selenium.common.exceptions import WebDriverException  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

import scenes  # noqa: E402
import web  # noqa: E402
from postgres import Cluster  # noqa: E402
from run import BUILD, Run, end_on_signals, wait_for  # noqa: E402
from steer import Steer  # noqa: E402

SHOTS = os.path.join(BUILD, "page")

# Contrast as WCAG 2 has it (AA: 4.5 for text), of every text that is seen, on the first ground behind it that is not clear.
CONTRAST = """
const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor);
  if (c.length === 3 || c[3] > 0.5) return c; } return [255, 255, 255]; };
const found = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  if (!own || !e.checkVisibility() || e.closest('noscript, title')) continue;
  const style = getComputedStyle(e), ink = parse(e instanceof SVGElement ? style.fill : style.color);
  const box = e instanceof SVGElement ? parse(getComputedStyle(document.querySelector('.panel')).backgroundColor) : ground(e);
  const a = light(ink), b = light(box), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) found.push(`${e.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
}
return [...new Set(found)];
"""

# Texts of a picture that lie on one another, and those that leave it.
CLASHES = """
const found = [];
for (const svg of document.querySelectorAll('#panels svg:not(.spark)')) {
  const frame = svg.getBoundingClientRect();
  const list = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
  list.forEach(([text, a], i) => {
    if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.top < frame.top - 1 || a.bottom > frame.bottom + 1)
      found.push(`${text.slice(0, 40)} leaves its picture`);
    for (const [other, b] of list.slice(i + 1))
      if (a.left + 1 < b.right && b.left + 1 < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
        found.push(`${text.slice(0, 40)} and ${other.slice(0, 40)} clash`);
  });
}
return found;
"""


class Load:
    """Reads and writes through pgsteer, some of both, until it ends."""

    def __init__(self, steer):
        self.steer, self.going = steer, True
        self.threads = [threading.Thread(target=self.work, args=(i,), daemon=True) for i in range(4)]
        for thread in self.threads:
            thread.start()

    def work(self, i):
        while self.going:
            try:
                with self.steer.client() as c:
                    while self.going:
                        c.query("UPDATE ledger SET n = n + 1" if i == 0 else "SELECT count(*) FROM ledger")
                        time.sleep(0.02)
            except (OSError, EOFError, RuntimeError):
                time.sleep(0.1)

    def end(self):
        self.going = False
        for thread in self.threads:
            thread.join(5)


def browser(run, dark=False, size=(1280, 1400)):
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                 f"--user-data-dir={run.mkdir('profile')}"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=webdriver.chrome.service.Service("/usr/bin/chromedriver"), options=options)
    look(driver, dark, size)
    return driver


def look(driver, dark=False, size=(1280, 1400)):
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
        {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
        "width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 600})


class Scene:
    """The cluster, pgsteer, the load, and the browser with the page."""

    def __init__(self, run):
        self.run = run
        self.cluster = Cluster(run)
        with self.cluster.primary.connect("app", user="app") as c:
            c.query("CREATE TABLE ledger (n bigint)")
            c.query("INSERT INTO ledger VALUES (0)")
        self.cluster.wait_replayed()
        self.port = run.port()
        self.steer = Steer(run, "steer", {"app": self.cluster.line("app"), "reports": self.cluster.line("app", [self.cluster.primary])},
                           http_listen=self.port, stats_period=2).start()
        self.steer.wait_nodes(2)
        self.load = Load(self.steer)
        self.driver = browser(run)
        self.url = f"http://127.0.0.1:{self.port}/"

    def end(self):
        self.load.end()
        self.driver.quit()
        self.steer.stop()

    def history(self):
        """How many moments /api/v1/history has."""
        return len(web.get(self.port, "/api/v1/history").json["times"])

    def text(self, selector):
        return self.driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def level(self):
        return self.driver.execute_script("return document.getElementById('verdict').dataset.level")

    def wait(self, condition, what, seconds=40):
        return wait_for(condition, what, seconds, every=0.1)

    def shot(self, name):
        os.makedirs(SHOTS, exist_ok=True)
        height = self.driver.execute_script("return document.documentElement.scrollHeight")
        width = self.driver.execute_script("return innerWidth")
        look(self.driver, self.driver.execute_script("return matchMedia('(prefers-color-scheme: dark)').matches"), (width, height))
        self.driver.save_screenshot(os.path.join(SHOTS, name + ".png"))

    def wrong(self):
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")]


def expect(condition, got):
    if not condition:
        raise AssertionError(f"got {got!r}")


def all_well(s):
    s.driver.get(s.url)
    s.wait(lambda: s.level() == "good", "the verdict to be good")
    s.wait(lambda: "ms" in s.text("#latency") or "µs" in s.text("#latency"), "percentiles")
    s.wait(lambda: s.history() >= 20, "a past to show")
    s.driver.get(s.url)
    s.wait(lambda: s.driver.execute_script("return (document.querySelector('#throughput .curve')?.getAttribute('d') ?? '').split('L').length") >= 15,
           "the curves of what was before the page was opened", 5)
    expect(s.text("#verdict-title") == "All well", s.text("#verdict"))
    for node in s.cluster.nodes:
        expect(f"127.0.0.1:{node.port}" in s.text("#topology"), s.text("#topology"))
    s.wait(lambda: s.driver.execute_script("return document.querySelectorAll('#topology .pipe.read').length") >= 2, "pipes to two standbys")
    expect(s.driver.execute_script("return document.querySelectorAll('#topology .pipe.write').length") == 1, "one pipe of writes")
    expect("None since pgsteer started." in s.text("#failovers"), s.text("#failovers"))
    expect("All well" in s.driver.title, s.driver.title)
    s.shot("light")


def keyboard_and_sql(s):
    s.driver.execute_script("document.activeElement.blur()")
    seen = []
    for _ in range(40):
        webdriver.ActionChains(s.driver).send_keys(Keys.TAB).perform()
        label = s.driver.execute_script("return document.activeElement.getAttribute('aria-label')")
        if label and label.startswith("SQL behind") and label not in seen:
            seen.append(label)
            webdriver.ActionChains(s.driver).send_keys(Keys.ENTER).perform()
    panels = s.driver.execute_script("return document.querySelectorAll('.panel').length")
    expect(len(seen) == panels, seen)
    sql = s.driver.execute_script("return [...document.querySelectorAll('.sql:not([hidden])')].map(e => e.textContent)")
    expect(len(sql) == panels, sql)
    with s.steer.console() as console:  # what it says can be asked
        for text in sql:
            for part in text.split(";"):
                if part.partition("--")[0].strip():
                    console.query(part.partition("--")[0])
    s.driver.execute_script("document.querySelectorAll('.sql-button[aria-expanded=true]').forEach(b => b.click()); "
                            "document.activeElement.blur()")


def contrast_and_widths(s):
    for dark, size, name in ((False, (1280, 1400), None), (True, (1280, 1400), "dark"), (False, (390, 844), "phone"), (True, (390, 844), "phone-dark"),
                             (False, (800, 1100), "tablet")):
        look(s.driver, dark, size)
        time.sleep(1.5)
        found = s.driver.execute_script(CONTRAST)
        expect(not found, found)
        wide = s.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
        expect(wide[0] <= wide[1], wide)
        if name:
            s.shot(name)
    look(s.driver)


def failover_while_it_is_open(s):
    old = s.cluster.primary
    old.kill()
    s.wait(lambda: s.level() == "bad", "the verdict to be bad")
    expect("has no primary" in s.text("#verdict"), s.text("#verdict"))
    time.sleep(3)
    s.shot("no-primary")
    s.cluster.fail_over()
    s.wait(lambda: "has no primary" not in s.text("#verdict"), "the verdict to change")
    s.wait(lambda: f"127.0.0.1:{s.cluster.primary.port}" in s.text("#failovers"), "the failover in the list")
    s.wait(lambda: "standby, up" in s.text("#events") and "primary, up" in s.text("#events"), "the change of roles")
    expect(s.driver.execute_script("return document.querySelectorAll('#failovers rect').length") == 1, "one failover in the timeline")
    expect("is down" in s.text("#verdict"), s.text("#verdict"))
    time.sleep(4)
    s.shot("after-failover")
    look(s.driver, True, (390, 844))
    time.sleep(1.5)
    s.shot("after-failover-phone-dark")
    look(s.driver)


def odd_scenes(s):
    """Clusters that are hard to bring about: what the page is told is made up, the page is the real one."""
    overview = web.get(s.port, "/api/v1/overview").json
    wrong = []
    for scene in scenes.SCENES:
        script = s.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": scenes.feed(overview, scene)})
        for dark, size, name in ((False, (1280, 1400), "wide"), (True, (390, 844), "phone")):
            look(s.driver, dark, size)
            s.driver.get(s.url)
            s.wait(lambda: s.driver.execute_script("return document.querySelectorAll('.curve[d^=M]').length") >= 2, f"{scene.__name__}: curves")
            time.sleep(2.5)  # rates need two answers
            for found in (s.driver.execute_script(CONTRAST), s.driver.execute_script(CLASHES)):
                wrong += [f"{scene.__name__}, {name}: {what}" for what in found[:5]]
            wide = s.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
            if wide[0] > wide[1]:
                wrong.append(f"{scene.__name__}, {name}: {wide[0]} wide, and the window {wide[1]}")
            s.shot(f"scene-{scene.__name__}-{name}")
        s.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)
    look(s.driver)
    s.driver.get(s.url)
    s.wait(lambda: s.level() != "unknown", "the real page again")
    expect(not wrong, wrong)


def stops_when_hidden(s):
    def asked():
        return s.driver.execute_script("return performance.getEntriesByType('resource').filter(e => e.name.endsWith('overview')).length")
    s.driver.execute_script("performance.clearResourceTimings()")
    s.wait(lambda: asked() >= 2, "it to poll")
    s.driver.execute_script("Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
                            "document.dispatchEvent(new Event('visibilitychange'))")
    time.sleep(1.5)
    before = asked()
    time.sleep(3)
    expect(asked() == before, (before, asked()))
    s.driver.execute_script("Object.defineProperty(document, 'hidden', {value: false, configurable: true});"
                            "document.dispatchEvent(new Event('visibilitychange'))")
    s.wait(lambda: asked() > before, "it to poll again")


def nothing_is_wrong_with_it(s):
    found = s.wrong()
    expect(not found, found)


def asks_for_the_token(s):
    s.steer.settings["http_token"] = "open sesame"
    s.steer.reload()
    s.wait(lambda: web.get(s.port, "/metrics").status == 401, "the token to count")
    s.wait(lambda: "asks for one" in s.text("#verdict"), "the page to ask for it")
    s.shot("token")
    box = s.driver.find_element("id", "token")
    box.send_keys("wrong", Keys.ENTER)
    s.wait(lambda: "does not take this one" in s.text("#verdict"), "a wrong one to be refused")
    box.clear()
    box.send_keys("open sesame", Keys.ENTER)
    s.wait(lambda: "is down" in s.text("#verdict"), "the page again")


def says_that_nobody_answers(s):
    s.steer.stop()
    s.wait(lambda: "cannot be reached" in s.text("#verdict"), "the page to say so")
    s.shot("gone")


TESTS = [all_well, keyboard_and_sql, contrast_and_widths, failover_while_it_is_open, odd_scenes, stops_when_hidden, nothing_is_wrong_with_it,
         asks_for_the_token, says_that_nobody_answers]


def main():
    end_on_signals()
    passed = failed = 0
    with Run("pgsteer-page-") as run:
        scene = Scene(run)
        for test in TESTS:
            try:
                test(scene)
                passed += 1
                print(f"ok      {test.__name__}", flush=True)
            except (Exception, WebDriverException):  # the others are tried
                failed += 1
                print(f"FAILED  {test.__name__}\n{traceback.format_exc()}", flush=True)
                scene.shot("failed-" + test.__name__)
        scene.end()
    print(f"{passed} passed, {failed} failed; screenshots: {os.path.relpath(SHOTS)}")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
