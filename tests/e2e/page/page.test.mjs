// The page of `strata report` in headless Chromium. tests/e2e/page_test.py runs it with
//
//   STRATA_PAGE, STRATA_PAGE_MEASURED   pages without and with a record
//   STRATA_CELLS                        a JSON file of the facts: {"en": {MATRIX: [[text]]}, "zh": ...}
//   STRATA_GRAPH                        a JSON file of the whole graph's labels: [{"en", "zh"?}]
//   STRATA_NODE_TOOLS                   where playwright-core and axe-core are
//   STRATA_CHROMIUM                     the browser
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.STRATA_NODE_TOOLS}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const cells = JSON.parse(readFileSync(process.env.STRATA_CELLS, "utf8"));
const graph = JSON.parse(readFileSync(process.env.STRATA_GRAPH, "utf8"));
const EMPTY = pathToFileURL(process.env.STRATA_PAGE).href;
const MEASURED = pathToFileURL(process.env.STRATA_PAGE_MEASURED).href;
const CJK = /[\u4e00-\u9fff]/;

let browser;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.STRATA_CHROMIUM,
    // As root Chromium has no sandbox of its own; what it opens is our own file.
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-sync"],
  });
});

after(async () => browser?.close());

// Opens the page, with everything that it says and asks for in `said` and `asked`.
async function open(url = EMPTY, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.said = [];
  page.asked = [];
  page.on("console", (message) => page.said.push(message.text()));
  page.on("pageerror", (error) => page.said.push(String(error)));
  page.on("request", (request) => page.asked.push(request.url()));
  await page.goto(url, { waitUntil: "load" });
  return page;
}

const choose = (page, id) => page.locator(`label[for="${id}"]`).click();

// The visible text of every cell of a matrix, row by row.
const cellsOf = (page, matrix) =>
  page.evaluate(
    (id) =>
      [...document.querySelectorAll(`table[aria-labelledby="matrix-${id}"] tbody tr`)].map((row) =>
        [...row.children].map((cell) => cell.innerText.trim()),
      ),
    matrix,
  );

test("it is silent and asks for nothing but itself", async () => {
  for (const url of [EMPTY, MEASURED]) {
    const page = await open(url);
    for (const id of ["lang-zh", "view-recomputed", "view-measured", "theme-dark"]) await choose(page, id);
    assert.deepEqual(page.said, []);
    assert.deepEqual(page.asked, [url]);
    await page.close();
  }
});

test("its policy stops what somebody would put into it", async () => {
  const page = await open();
  const ran = await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return Boolean(window.ran);
  });
  assert.equal(ran, false);
  assert.match(page.said.join(), /Content Security Policy/);
  await page.close();
});

test("every cell of every matrix is there as the facts have it, in both languages", async () => {
  const page = await open();
  for (const language of ["en", "zh"]) {
    await choose(page, `lang-${language}`);
    let count = 0;
    for (const [matrix, rows] of Object.entries(cells[language])) {
      assert.deepEqual(await cellsOf(page, matrix), rows, `${matrix} in ${language}`);
      count += rows.reduce((sum, row) => sum + row.length - 1, 0);
    }
    assert.equal(count, 270 + 24, "the eight matrices and the decision matrix");
  }
  await page.close();
});

test("a language hides the other, and what people read first has both", async () => {
  const page = await open(MEASURED);
  const shown = (language) =>
    page.evaluate(
      (lang) => [...document.querySelectorAll(`body [lang="${lang}"]`)].filter((each) => each.checkVisibility()).length,
      language,
    );
  await choose(page, "fold-all");
  assert.equal(await shown("zh"), 0);
  assert.ok((await shown("en")) > 1000);
  await choose(page, "lang-zh");
  assert.equal(await shown("en"), 0);
  assert.ok((await shown("zh")) > 1000);
  const labels = await page.locator("h1, h2, h3, legend, nav a, summary").allInnerTexts();
  assert.deepEqual(labels.filter((label) => !CJK.test(label)), []);
  // Whatever is in one language is in the other, beside it.
  const alone = await page.evaluate(
    () =>
      [...document.querySelectorAll('body [lang="en"]')].filter(
        (each) => each.nextElementSibling?.getAttribute("lang") !== "zh",
      ).length,
  );
  assert.equal(alone, 0);
  await page.close();
});

test("the matrices show what is claimed, recomputed or measured", async () => {
  const page = await open(MEASURED);
  const cell = page.locator('table[aria-labelledby="matrix-startup"] tbody tr').first().locator("td").nth(3);
  assert.equal(await cell.innerText(), "1-10 ms");
  await choose(page, "view-recomputed");
  assert.match(await cell.innerText(), /1-10 ms\s+1 of 6/);
  await choose(page, "view-measured");
  assert.match(await cell.innerText(), /1-10 ms\s+wasm 2\.5 ms cold start; as claimed/);
  const coloured = await page.evaluate(() => {
    const has = (each) => getComputedStyle(each).backgroundColor !== "rgba(0, 0, 0, 0)";
    return {
      cells: [...document.querySelectorAll("table.heat td")].filter(has).length,
      figures: [...document.querySelectorAll("table.heat .measured > span")].filter(has).length,
    };
  });
  const figures = await page.locator("td.has-measured .measured > span:not(.heat0)").count();
  assert.ok(figures >= 4, "cold start of two classes, warm start and memory of one");
  assert.deepEqual(coloured, { cells: 0, figures });
  await page.close();
});

test("all fifty models have their formula, parameters, claims and pictures", async () => {
  const page = await open();
  const models = page.locator('[id^="model-"]');
  assert.equal(await models.count(), 50);
  const what = await models.evaluateAll((all) =>
    all.map((each) => ({
      id: each.id,
      formula: each.querySelectorAll('[id$="-formula"]').length,
      parameters: each.querySelectorAll('[id$="-parameters"]').length,
      plots: each.querySelectorAll("svg").length,
      headers: [...each.querySelectorAll('table[aria-labelledby$="-checks"] th')].map((cell) => cell.textContent).join(),
    })),
  );
  for (const model of what) {
    assert.equal(model.formula, 1, model.id);
    assert.ok(model.parameters <= 1, model.id);
    assert.ok(model.plots >= 1, model.id);
  }
  // The table of models says how many claims each has.
  const claims = await page.locator('table[aria-labelledby="models-index"] tbody tr').evaluateAll((rows) =>
    rows.map((row) => [...row.cells].slice(4, 7).reduce((sum, cell) => sum + Number(cell.textContent), 0)),
  );
  assert.deepEqual(what.map((model) => /claimed.*recomputed.*agrees/.test(model.headers)), claims.map((count) => count > 0));
  await page.close();
});

test("every model shows how uncertain it is, in pictures of few elements", async () => {
  const page = await open();
  const what = await page.locator('[id^="model-"]').evaluateAll((all) =>
    all.map((each) => ({
      id: each.id,
      tables: each.querySelectorAll(".uncertainty table").length,
      choices: [...each.querySelectorAll(".uncertainty th[scope=col]")].some((cell) => /shares/.test(cell.textContent)),
      histogram: each.querySelectorAll('.uncertainty svg path[class="series1"]').length,
      elements: each.querySelector(".uncertainty svg")?.querySelectorAll("*").length ?? 0,
      marked: each.querySelectorAll(".uncertainty svg path.mark").length,
      tornado: each.querySelectorAll(".sensitivity svg").length,
      base: each.querySelectorAll(".sensitivity svg path.mark").length,
    })),
  );
  for (const model of what) {
    assert.equal(model.tables, 1, model.id);
    assert.ok(model.histogram === 1 || model.choices, `${model.id} has neither a histogram nor shares`);
    assert.ok(model.elements < 40, `${model.id}: ${model.elements} elements for a histogram`);
    assert.equal(model.base, model.tornado, `${model.id}: a tornado without its base`);
  }
  assert.ok(what.filter((model) => model.marked === 1).length > 25, "most have their base among the draws");
  await page.close();
});

test("the whole graph is one picture with every node, in both languages", async () => {
  const page = await open();
  assert.ok(graph.length > 300);
  for (const language of ["en", "zh"]) {
    await choose(page, `lang-${language}`);
    const shown = await page.locator(".whole svg text").evaluateAll((all) =>
      all.filter((each) => each.checkVisibility()).map((each) => each.textContent),
    );
    assert.deepEqual(shown.sort(), graph.map((label) => label[language] ?? label.en).sort());
  }
  assert.ok((await page.locator(".whole svg *").count()) < 3 * graph.length);
  // To whoever does not see it, it is an image with the name of its part.
  assert.equal(await page.getByRole("img", { name: "完整图谱" }).count(), 1);
  await page.close();
});

test("a link leads to a model that was folded", async () => {
  const page = await open();
  await page.locator('a[href="#model-npv"]').click();
  await page.locator("#model-npv").waitFor();
  assert.ok(await page.locator("#model-npv").evaluate((each) => each.getBoundingClientRect().top < innerHeight));
  await page.close();
});

test("colours follow the system and can be chosen", async () => {
  const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const page = await open(EMPTY, { colorScheme: "dark" });
  assert.equal(await paper(page), "rgb(13, 17, 23)");
  await choose(page, "theme-light");
  assert.equal(await paper(page), "rgb(255, 255, 255)");
  await page.close();
});

test("it is operated with the keyboard alone", async () => {
  const page = await open();
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.locator("#lang-en").focus();
  await page.keyboard.press("ArrowRight");
  assert.ok(await page.locator("#lang-zh").isChecked());
  assert.equal(await page.locator('h1 [lang="zh"]').isVisible(), true);
  await page.close();
});

test("a phone never scrolls the page sideways", async () => {
  const page = await open(MEASURED, { viewport: { width: 390, height: 844 } });
  for (const id of ["lang-zh", "lang-en"]) {
    await choose(page, id);
    assert.equal(await page.evaluate(() => document.scrollingElement.scrollWidth), 390, id);
  }
  await page.close();
});

test("paper has everything, the folded too, and no buttons", async () => {
  const page = await open(MEASURED);
  // First: Chromium 156 does not end when it unfolds so much while it prints.
  await page.emulateMedia({ media: "print" });
  const pdf = await page.pdf({ preferCSSPageSize: true });
  assert.equal(pdf.subarray(0, 5).toString(), "%PDF-");
  assert.equal(await page.locator(".controls").isVisible(), false);
  const hidden = await page.evaluate(
    () => [...document.querySelectorAll('[id^="model-"]')].filter((each) => !each.checkVisibility()).length,
  );
  assert.equal(hidden, 0);
  await page.close();
});

test("paper cuts nothing off, and no table is narrow beside an empty half", async () => {
  const SHEET = 1032;  // pixels of A4, landscape, without its margins
  const page = await open(MEASURED, { viewport: { width: SHEET, height: 687 }, colorScheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const found = await page.evaluate((sheet) => {
    const named = (each) => each.getAttribute("aria-labelledby") ?? each.closest("[id]")?.id;
    const width = (each) => each.getBoundingClientRect().width;
    return {
      cut: [...document.querySelectorAll("table, svg, pre")].filter((each) => each.getBoundingClientRect().right > sheet + 1).map(named),
      narrow: [...document.querySelectorAll(".model .parameters, .model .measured")].filter((each) => width(each) < 0.9 * sheet).map(named),
      paper: getComputedStyle(document.body).backgroundColor,
    };
  }, SHEET);
  assert.deepEqual(found, { cut: [], narrow: [], paper: "rgb(255, 255, 255)" });
  await page.close();
});

const LOOKS = [["lang-en", "theme-light", "view-claimed"], ["lang-zh", "theme-dark", "view-measured"],
               ["lang-en", "theme-dark", "view-recomputed"], ["lang-en", "theme-light", "view-measured"]];
const told = (violations) => violations.map((each) => `${each.id}: ${each.nodes[0].html} (${each.nodes.length})`);

test("axe finds nothing, in any language, colour or view", async () => {
  const page = await open(MEASURED);
  await page.locator("summary", { has: page.locator("#title-npv") }).click();
  await page.evaluate(axe);
  // What is folded is looked at by the next test: Chromium lays it out again for each question that axe asks of it.
  await page.evaluate(() => {
    for (const each of document.querySelectorAll("details:not([open])")) each.replaceChildren(each.querySelector("summary"));
  });
  for (const look of LOOKS) {
    for (const id of look) await choose(page, id);
    // Not the inside of the whole graph, which is one image: hundreds of texts in the few colours that heat maps have.
    const found = await page.evaluate(() => axe.run({ exclude: [[".whole svg"]] }, { resultTypes: ["violations"] }));
    assert.deepEqual(told(found.violations), [], look.join(" "));
  }
  await page.close();
});

test("axe finds nothing in what is folded, in both languages and colours", async () => {
  const page = await open(MEASURED);
  await page.evaluate(axe);
  await page.evaluate(() => {
    window.folded = [...document.querySelectorAll("details")];
    for (const each of window.folded) each.open = true;
    document.querySelector("main").replaceChildren();
  });
  for (const look of LOOKS.slice(0, 2)) {
    for (const id of look) await choose(page, id);
    const { looked, violations } = await page.evaluate(async () => {
      const main = document.querySelector("main");
      const all = { looked: 0, violations: [] };
      for (const each of window.folded) {
        main.replaceChildren(each);
        if ([...each.querySelectorAll("table, svg, pre")].some((part) => part.checkVisibility())) all.looked += 1;
        all.violations.push(...(await axe.run(each, { resultTypes: ["violations"] })).violations);
      }
      return all;
    });
    assert.deepEqual(told(violations), [], look.join(" "));
    assert.ok(looked >= 50 + 26, `the models and the diagrams, not ${looked}`);
  }
  await page.close();
});
