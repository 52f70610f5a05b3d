// Opens a report's page in headless Chromium from disk with the network off and looks at it as a reader does.
// Usage: node run.mjs REPORT_FOLDER [SCREENSHOT_FOLDER]. CHROMIUM names the browser (default /usr/bin/chromium).
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [folder, shots] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node run.mjs REPORT_FOLDER [SCREENSHOT_FOLDER]");
  process.exit(2);
}
const page_file = path.resolve(folder, "report.html");
const address = pathToFileURL(page_file).href;
const report = JSON.parse(fs.readFileSync(path.resolve(folder, "report.json"), "utf8"));
const axe_source = fs.readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const percent = (share) => (share * 100).toFixed(1).replace("-", "\u2212");
let checks = 0;
const check = (good, message) => {
  checks += 1;
  assert.ok(good, message);
};

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  headless: true,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync"],
});

/** A page on which every console message and every request is noted. */
async function open(options) {
  const context = await browser.newContext({ offline: true, ...options });
  const page = await context.newPage();
  const trouble = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => trouble.push(`script: ${error.message}`));
  page.on("request", (request) => {
    if (request.url() !== address) trouble.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return { context, page, trouble };
}

/** Charts that a reader can see, and what is wrong with the others outside closed parts. */
const charts = () => {
  const shown = [];
  const wrong = [];
  for (const figure of document.querySelectorAll("figure")) {
    const closed = figure.closest("details:not([open])") || getComputedStyle(figure.closest("details") || document.body).display === "none";
    if (closed) continue;
    // The leaderboard under a protocol that is not chosen.
    if (figure.closest(".proto") && getComputedStyle(figure.closest(".proto")).display === "none") continue;
    const visible = [...figure.querySelectorAll("svg")].filter((svg) => svg.getBoundingClientRect().width > 0);
    const box = visible[0] && visible[0].getBoundingClientRect();
    if (visible.length !== 1) wrong.push(`${figure.id}: ${visible.length} layouts are visible`);
    else if (box.width < 250 || box.height < 40) wrong.push(`${figure.id}: ${box.width} × ${box.height}`);
    else if (box.right > document.documentElement.clientWidth + 1) wrong.push(`${figure.id}: wider than the page`);
    else shown.push(figure.id);
  }
  return { shown, wrong };
};

try {
  for (const width of [390, 1280]) {
    for (const colorScheme of ["light", "dark"]) {
      const { context, page, trouble } = await open({ viewport: { width, height: 900 }, colorScheme });
      const name = `${width} px, ${colorScheme}`;
      const found = await page.evaluate(charts);
      check(found.wrong.length === 0, `${name}: ${found.wrong.join("; ")}`);
      check(found.shown.length > 1, `${name}: no charts`);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      check(overflow <= 0, `${name}: the page is ${overflow} px too wide`);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number));
      check((paper[0] > 128) === (colorScheme === "light"), `${name}: paper is ${paper}`);
      await page.evaluate(axe_source);
      const faults = await page.evaluate(async () => {
        const { violations } = await axe.run(document, { resultTypes: ["violations"] });
        const bad = violations.filter((v) => ["serious", "critical"].includes(v.impact));
        return bad.map((v) => `${v.id}: ${v.help} (${v.nodes.length}; ${v.nodes[0].html.slice(0, 160)})`);
      });
      check(faults.length === 0, `${name}: accessibility: ${faults.join("; ")}`);
      const glued = await page.evaluate(() => [...document.querySelectorAll("th .ci, td .ci")].filter((note) => {
        const style = getComputedStyle(note);
        return note.textContent && note.previousSibling && style.display !== "block" && parseFloat(style.marginLeft) === 0;
      }).map((note) => note.parentElement.textContent));
      check(glued.length === 0, `${name}: a note runs into what stands before it: ${glued.slice(0, 3).join("; ")}`);
      // On a telephone findings are read, not scrolled sideways.
      const wide = await page.evaluate(() => [...document.querySelectorAll("table.findings")].map((table) => table.scrollWidth - table.parentElement.clientWidth));
      check(width > 400 || wide.every((over) => over <= 1), `${name}: findings are ${wide} px too wide`);
      if (shots) await page.screenshot({ path: path.join(shots, `${width}-${colorScheme}.png`), fullPage: true });
      check(trouble.length === 0, `${name}: ${trouble.join("; ")}`);
      await context.close();
    }
  }

  const { context, page, trouble } = await open({ viewport: { width: 1280, height: 900 } });

  // The protocol switch shows the numbers of report.json.
  for (const part of await page.$$("details.board")) await part.evaluate((d) => (d.open = true));
  const rows = report.evaluation.rows;
  for (const protocol of new Set(rows.map((row) => row.protocol))) {
    const radio = page.locator(`#protocol-${protocol}`);
    if (await radio.count()) await radio.check();
    const visible = await page.evaluate(() => [...document.querySelectorAll(".board table")].filter((table) => table.caption && table.querySelector("tbody[data-protocol]")).map((table) => ({
      dimension: table.caption.textContent,
      rows: [...table.querySelectorAll("tbody:not(.floor) tr")].filter((row) => row.getBoundingClientRect().height > 0)
        .map((row) => [row.cells[0].textContent, row.cells[1].firstChild.textContent]),
    })));
    // So does the chart: one is visible, and it is that of the protocol.
    const boards = await page.evaluate(() => [...document.querySelectorAll("figure[id^=leaderboard]")]
      .filter((figure) => figure.getBoundingClientRect().height > 0)
      .map((figure) => figure.querySelector(".wide-chart").textContent.toLowerCase()));
    check(boards.length === 1, `${protocol}: ${boards.length} leaderboard charts are visible`);
    check(boards[0].includes(`${protocol} accuracy`), `${protocol}: the chart is of another protocol`);
    for (const row of rows.filter((row) => row.protocol === protocol && row.value !== null)) {
      check(boards[0].includes(percent(row.value)), `${protocol}: the chart lacks ${row.scorer}'s ${percent(row.value)} on ${row.dimension}`);
    }
    const expected = rows.filter((row) => row.protocol === protocol);
    const shown = visible.flatMap((board) => board.rows.map(([scorer, value]) => `${board.dimension}|${scorer}|${value}`));
    check(shown.length === expected.length, `${protocol}: ${shown.length} rows are visible, report.json has ${expected.length}`);
    for (const row of expected) {
      const line = `${row.dimension}|${row.scorer}|${row.value === null ? "\u2013" : percent(row.value)}`;
      check(shown.includes(line), `${protocol}: "${line}" is not on the page`);
    }
  }

  // Tables sort, both ways.
  const table = page.locator("#weights-section table.sortable").first();
  if (await table.count()) {
    const column = () => table.evaluate((t) => [...t.tBodies[0].rows].map((row) => parseFloat(row.querySelector("td.n").textContent.replace("\u2212", "-"))));
    const head = table.locator("thead th.n button").first();
    await head.click();
    const down = await column();
    check(down.every((v, i) => i === 0 || down[i - 1] >= v), `not sorted downwards: ${down}`);
    await head.click();
    const up = await column();
    check(up.every((v, i) => i === 0 || up[i - 1] <= v), `not sorted upwards: ${up}`);
    // The filter leaves the rows that hold the word.
    const filter = page.locator("#weights-section input.filter").first();
    if (await filter.count()) {
      const label = await table.evaluate((t) => t.tBodies[0].rows[0].cells[0].textContent);
      await filter.fill(label);
      const left = await table.evaluate((t) => [...t.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.textContent));
      check(left.length > 0 && left.every((text) => text.toLowerCase().includes(label.toLowerCase().split(" ")[0])), `filter "${label}": ${left}`);
      await filter.fill("no row has this");
      const none = await table.evaluate((t) => [...t.tBodies[0].rows].filter((row) => !row.hidden).length);
      check(none === 0, `${none} rows are left that should not be`);
      await filter.fill("");
    }
  }

  // Pointing at a mark says its numbers.
  const mark = page.locator("figure .wide-chart svg :is(circle, g:has(circle)):has(> title)").last();
  if (await mark.count()) {
    const expected = await mark.locator("title").textContent();
    await mark.scrollIntoViewIfNeeded();
    await mark.hover({ force: true });
    const tip = page.locator(".tip");
    check(await tip.isVisible(), "no tip");
    check((await tip.textContent()).length > 0 && expected.length > 0, "an empty tip");
  }
  check(trouble.length === 0, trouble.join("; "));

  // Print: light, every chart that is meant for paper fits it.
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  await page.setViewportSize({ width: 680, height: 960 });
  const print = await page.evaluate(charts);
  check(print.wrong.length === 0 && print.shown.length > 1, `print: ${print.wrong.join("; ")}`);
  const pdf = await page.pdf({ format: "A4" });
  const pages = (pdf.toString("latin1").match(/\/Type\s*\/Page[^s]/g) || []).length;
  if (shots) fs.writeFileSync(path.join(shots, "print.pdf"), pdf);
  await context.close();

  // Without script everything is there to read.
  const plain = await open({ viewport: { width: 1280, height: 900 }, javaScriptEnabled: false });
  check(await plain.page.locator("#leaderboard-section table").first().isVisible(), "no leaderboard without script");
  check(await plain.page.locator("#weights-section figure svg").first().isVisible(), "no weights without script");
  check(plain.trouble.length === 0, plain.trouble.join("; "));
  await plain.context.close();

  console.log(`${path.basename(path.resolve(folder))}: ${checks} checks passed; ${print.shown.length} charts and ${pages} pages in print`);
} finally {
  await browser.close();
}
