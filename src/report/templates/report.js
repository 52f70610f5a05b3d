"use strict";
(() => {
  const number = (text) => {
    const plain = text.trim().replace(/\u2212/g, "-").replace(/,/g, "");
    return /^[+-]?[\d.]/.test(plain) ? parseFloat(plain) : NaN;
  };
  const cell = (row, at) => {
    const found = row.cells[at];
    return found ? (found.firstChild ? found.firstChild.textContent : "") : "";
  };
  const order = (at, down) => (a, b) => {
    const [x, y] = [cell(a, at), cell(b, at)];
    const [p, q] = [number(x), number(y)];
    // What has no number stays at the end, whichever way the column is sorted.
    if (Number.isNaN(p) !== Number.isNaN(q)) return Number.isNaN(p) ? 1 : -1;
    const by = Number.isNaN(p) ? x.localeCompare(y) : p - q;
    return down ? -by : by;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const state = head.getAttribute("aria-sort");
        const down = state ? state === "ascending" : head.classList.contains("n");
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        for (const body of table.tBodies) {
          if (!body.classList.contains("floor")) body.append(...[...body.rows].sort(order(at, down)));
        }
      });
    });
  }
  document.querySelectorAll("table.filterable").forEach((table) => {
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    if (rows.length < 6) return;
    const input = document.createElement("input");
    input.type = "search";
    input.className = "filter";
    input.placeholder = "Filter rows";
    const region = table.closest(".scroll");
    input.setAttribute("aria-label", "Filter rows: " + (region.getAttribute("aria-label") || "table"));
    const told = document.createElement("span");
    told.className = "filtered";
    told.setAttribute("role", "status");
    region.before(input, told);
    input.addEventListener("input", () => {
      const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const text = row.textContent.toLowerCase();
        row.hidden = !wanted.every((word) => text.includes(word));
        shown += row.hidden ? 0 : 1;
      }
      told.textContent = wanted.length ? shown + " of " + rows.length + " rows" : "";
    });
  });
  const tip = document.createElement("div");
  tip.className = "tip";
  tip.hidden = true;
  tip.setAttribute("aria-hidden", "true");
  document.body.append(tip);
  let marked = null;
  const leave = () => {
    if (marked) marked.append(marked.tip);
    marked = null;
    tip.hidden = true;
  };
  document.addEventListener("pointermove", (event) => {
    const mark = event.target instanceof Element ? event.target.closest(".hf-chart > *") : null;
    if (mark !== marked) {
      leave();
      const title = mark && mark.tagName !== "title" ? mark.querySelector(":scope > title") : null;
      if (!title) return;
      // The browser's own slow tip would cover ours.
      mark.tip = title;
      title.remove();
      marked = mark;
      tip.textContent = title.textContent;
      tip.hidden = false;
    }
    if (!marked) return;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(left, 8) + "px";
    tip.style.top = (event.clientY > innerHeight - 80 ? event.clientY - tip.offsetHeight - 12 : event.clientY + 16) + "px";
  });
  document.addEventListener("pointerleave", leave);
  // A link to a chart or section inside a closed part opens it.
  const open = () => {
    const target = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
    for (let part = target && target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  };
  addEventListener("hashchange", open);
  open();
})();
