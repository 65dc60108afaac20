"use strict";
// Typesets the mathematics, puts marks beside their lines, and makes the page's few controls work.
(() => {
  const labels = { trust: (c) => c.command === "\\htmlData" || (c.command === "\\htmlClass" && c.class === "wrong-part") };
  const shared = { output: "htmlAndMathml", throwOnError: true, strict: "ignore", maxExpand: 1000, maxSize: 40 };

  function set(span, wanted) {
    const display = "display" in span.dataset;
    const tries = [];
    if (wanted) tries.push([wanted, labels]);
    if (span.dataset.marked) tries.push([span.dataset.marked, labels]);
    tries.push([span.dataset.tex, { trust: false }]);
    for (const [source, more] of tries) {
      try {
        span.innerHTML = katex.renderToString(source, { ...shared, ...more, displayMode: display });
        return;
      } catch (error) {
        // Not a formula that KaTeX knows: its source stays.
      }
    }
    span.classList.add("source");
  }

  // Formulas that are too wide are broken, where there is a way to; whole again when there is room. All are measured
  // before any is changed, or else each change would have the whole page laid out anew.
  function fit(spans) {
    const changes = [];
    for (const span of spans) {
      const box = span.parentElement;
      const room = box.clientWidth;
      if (!room || span.waits) continue;
      if (!span.broken) span.wide = box.scrollWidth;
      const broken = span.wide > room + 1;
      if (broken !== Boolean(span.broken)) changes.push([span, broken]);
    }
    for (const [span, broken] of changes) {
      set(span, broken ? span.dataset.narrow : undefined);
      span.broken = broken;
    }
  }

  const order = ["stated", "proved", "supported", "agrees", "follows", "undecided", "unread", "contradicted", "refuted"];
  const weight = (mark) => order.findIndex((name) => mark.classList.contains(`v-${name}`));
  const phone = matchMedia("(max-width: 40rem)");

  // Where the marks of a formula belong: each at the height of its line, which a label at the line's end tells.
  function heights(box) {
    const margin = box.querySelector(":scope > .marks");
    const formula = box.querySelector(":scope > .formula");
    if (!margin || !formula || !box.offsetParent) return null;
    const top = box.getBoundingClientRect().top;
    const height = formula.getBoundingClientRect().height;
    const labels = new Map();
    for (const label of formula.querySelectorAll(".katex-html [data-line]")) labels.set(label.dataset.line, label);
    const rows = [...margin.children].map((mark) => {
      const place = labels.get(mark.dataset.line)?.getBoundingClientRect();
      return [place ? place.top + place.height / 2 - top : null, mark];
    });
    const unplaced = rows.filter(([y]) => y === null);
    unplaced.forEach((row, k) => { row[0] = height * (k + 0.5) / unplaced.length; });
    rows.sort((a, b) => a[0] - b[0]);
    const groups = [];
    for (const [y, mark] of rows) {
      const last = groups[groups.length - 1];
      if (last && Math.abs(last.y - y) < 9) last.marks.push(mark);
      else groups.push({ y, marks: [mark] });
    }
    if (groups.length === 1) groups[0].y = height / 2;
    return { margin, groups };
  }

  function place({ margin, groups }, room) {
    margin.classList.add("placed");
    for (const { y, marks: together } of groups) {
      // Too many for the margin: the one that most needs a look stands for all, with their number.
      const worst = together.reduce((a, b) => (weight(b) > weight(a) ? b : a));
      const folds = together.length > room;
      together.forEach((mark, k) => {
        mark.style.top = `${y.toFixed(1)}px`;
        mark.style.setProperty("--place", String(folds ? 0 : k));
        mark.classList.toggle("folded", folds && mark !== worst);
        if (folds && mark === worst) mark.dataset.count = String(together.length);
        else delete mark.dataset.count;
      });
    }
  }

  function align(boxes) {
    const room = document.documentElement.classList.contains("paper") ? 3 : phone.matches ? 1 : 4;
    const found = boxes.map(heights).filter(Boolean);
    for (const one of found) place(one, room);
  }

  // Only what can be scrolled is a stop of the keyboard.
  function reachable(boxes) {
    const wide = boxes.map((box) => [box, box.scrollWidth > box.clientWidth + 1]);
    for (const [box, overflows] of wide) {
      if (overflows === box.classList.contains("overflows")) continue;
      box.classList.toggle("overflows", overflows);
      if (overflows) {
        box.tabIndex = 0;
        box.setAttribute("role", "region");
        box.setAttribute("aria-label", "Wide; it can be scrolled");
      } else {
        for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
      }
    }
  }

  // To measure what is folded would have it laid out, all of it.
  const shown = (part, selector) => [...part.querySelectorAll(selector)].filter((e) => !e.closest("details:not([open])"));

  function arrange(part = document) {
    fit(shown(part, ".tex[data-narrow]"));
    align(shown(part, ".display"));
    reachable(shown(part, ".formula, .scroll"));
  }

  // What is folded is typeset when it is unfolded, or when nothing else is to be done.
  function typeset(spans) {
    for (const span of spans) {
      if (!span.waits) continue;
      span.waits = false;
      set(span);
    }
  }

  function typesetFolded() {
    const waiting = [...document.querySelectorAll(".tex")].filter((span) => span.waits);
    const some = () => {
      typeset(waiting.splice(0, 20));
      if (waiting.length) setTimeout(some);
      else document.documentElement.dataset.done = "";
    };
    setTimeout(some);
  }

  function themes() {
    const button = document.querySelector(".theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement;
    button.hidden = false;
    const now = () => root.dataset.theme || (dark.matches ? "dark" : "light");
    const tell = () => button.setAttribute("aria-label", `Change to ${now() === "dark" ? "light" : "dark"} colours`);
    button.addEventListener("click", () => {
      root.dataset.theme = now() === "dark" ? "light" : "dark";
      tell();
    });
    dark.addEventListener("change", tell);
    tell();
  }

  function wrongLines() {
    const wrong = [...document.querySelectorAll("[data-wrong]")];
    const button = document.querySelector(".next");
    if (!button || !wrong.length) return;
    const floating = button.cloneNode(true);
    floating.classList.add("floating");
    document.body.append(floating);
    let at = -1;
    const go = () => {
      at = (at + 1) % wrong.length;
      const goal = wrong[at];
      for (let up = goal.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      goal.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      if (!goal.hasAttribute("tabindex")) goal.tabIndex = -1;
      goal.focus({ preventScroll: true });
      floating.textContent = `Next wrong line (${at + 1} of ${wrong.length})`;
    };
    for (const one of [button, floating]) {
      one.hidden = false;
      one.addEventListener("click", go);
    }
    if ("IntersectionObserver" in window) {
      new IntersectionObserver(([entry]) => { floating.hidden = entry.isIntersecting; }).observe(button);
    }
  }

  function contents() {
    const details = document.querySelector(".toc details");
    if (!details) return;
    const wide = matchMedia("(min-width: 75rem)");
    const follow = () => { details.open = wide.matches; };
    follow();
    wide.addEventListener("change", follow);
  }

  // On paper nothing can be unfolded or scrolled: everything is open, and what is too wide is set smaller.
  function printing() {
    let opened = [];
    const root = document.documentElement;
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("main details:not([open]):not(.mistake)")];
      opened.forEach((one) => { one.open = true; });
      typeset(document.querySelectorAll(".tex"));
      root.classList.add("paper");
      arrange();
      const boxes = [...document.querySelectorAll(".formula, .note-line, .table, .pair > div")];
      const shares = boxes.map((box) => box.clientWidth / box.scrollWidth);
      boxes.forEach((box, k) => {
        if (shares[k] > 0 && shares[k] < 0.999) box.style.fontSize = `${Math.max(shares[k] * 0.99, 0.45).toFixed(3)}em`;
      });
      align(shown(document, ".display"));
    });
    addEventListener("afterprint", () => {
      opened.forEach((one) => { one.open = false; });
      root.classList.remove("paper");
      for (const box of document.querySelectorAll("[style*='font-size']")) {
        if (box.matches(".formula, .note-line, .table, .pair > div")) box.style.fontSize = "";
      }
      arrange();
    });
  }

  // A link to what is folded unfolds it.
  function unfold() {
    const goal = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!goal) return;
    let folded = false;
    for (let up = goal.parentElement; up; up = up.parentElement) {
      if (up.tagName === "DETAILS" && !up.open) folded = up.open = true;
    }
    if (folded) goal.scrollIntoView({ block: "center" });
  }

  for (const span of document.querySelectorAll(".tex")) {
    if (span.closest("details:not([open])")) span.waits = true;
    else set(span);
  }
  themes();
  contents();
  wrongLines();
  printing();
  for (const details of document.querySelectorAll("main details")) {
    details.addEventListener("toggle", () => {
      if (!details.open) return;
      typeset(details.querySelectorAll(".tex"));
      arrange(details);
    });
  }
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => arrange());
  });
  addEventListener("hashchange", unfold);
  document.fonts.ready.then(() => {
    arrange();
    unfold();
    document.documentElement.dataset.ready = "";
    typesetFolded();
  });
})();
