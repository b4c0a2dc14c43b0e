{#- SPDX-License-Identifier: GPL-2.0-only -#}
"use strict";

// Without this script the page has everything but filters and sorting.

// What is no data: names of fields, and of links.
const LABELS = "dt, summary, a[rel], .here";

// The data in an element, for a search; without what is folded, if so wanted.
function textOf(element, folded = true) {
	const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
	const data = [];
	while (texts.nextNode()) {
		const inside = texts.currentNode.parentElement;
		if (!inside.closest(folded ? LABELS : `${LABELS}, details`)) data.push(texts.currentNode.data);
	}
	return data.join(" ").toLowerCase();
}

// Opens what has words that are seen nowhere else, and closes it once they are no longer asked for.
function unfold(row, words) {
	const missing = words.filter(word => !textOf(row, false).includes(word));
	for (const details of row.querySelectorAll("details")) {
		const found = missing.length > 0 && missing.some(word => textOf(details).includes(word));
		if (found !== "found" in details.dataset) details.open = found;
		details.toggleAttribute("data-found", found);
	}
}

// Whether the fields of a form let a row through.
function isWanted(row, form, words) {
	const keys = [...form.querySelectorAll("[data-key]")];
	const only = [...form.querySelectorAll("[data-only]")];
	return keys.every(key => !key.value || row.dataset[key.dataset.key] === key.value)
		&& only.every(box => !box.checked || box.dataset.only in row.dataset)
		&& words.every(word => textOf(row).includes(word));
}

function filter(form) {
	const table = document.getElementById(form.dataset.filters);
	// In their first order.
	const rows = [...table.tBodies[0].rows];
	const search = form.querySelector("[data-search]");

	function apply() {
		const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
		for (const row of rows) {
			row.hidden = !isWanted(row, form, words);
			if (!row.hidden) unfold(row, words);
		}
		const shown = rows.filter(row => !row.hidden).length;
		form.querySelector("output").textContent = `${shown} of ${rows.length}`;
		table.nextElementSibling.hidden = shown > 0 || rows.length === 0;
	}

	form.hidden = false;
	form.addEventListener("input", apply);
	form.addEventListener("reset", () => {
		order(table, rows);
		// The button that says so when nothing is left goes away.
		if (document.activeElement.closest(".nothing")) search.focus();
		// The fields have their first values again only after the event.
		setTimeout(apply);
	});
	form.addEventListener("submit", event => event.preventDefault());
	// By now the browser has put back what the fields said before the page was left.
	addEventListener("pageshow", apply);
	apply();
}

const collator = new Intl.Collator("en", {numeric: true});

// What a row is sorted by.
function value(row, header) {
	const cell = row.cells[header.cellIndex];
	return cell.dataset.value ?? cell.textContent.trim();
}

// Puts rows in this order, which a column has if it is named.
function order(table, rows, header, direction) {
	table.tBodies[0].append(...rows);
	table.querySelectorAll("[aria-sort]").forEach(other => other.removeAttribute("aria-sort"));
	header?.setAttribute("aria-sort", direction);
}

function sortable(header) {
	const table = header.closest("table");
	const button = document.createElement("button");
	button.type = "button";
	button.append(...header.childNodes);
	header.append(button);
	button.addEventListener("click", () => {
		const direction = header.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
		const sign = direction === "ascending" ? 1 : -1;
		const rows = [...table.tBodies[0].rows];
		rows.sort((a, b) => collator.compare(value(a, header), value(b, header)) * sign);
		order(table, rows, header, direction);
	});
}

// On a phone, the rows of a table are cards, and cells say what they are.
function cards(table) {
	const names = [...table.tHead.rows[0].cells].map(header => header.textContent.trim());
	for (const cell of table.tBodies[0].querySelectorAll("td")) cell.dataset.label = names[cell.cellIndex];
	table.classList.add("cards");
}

// A link to a row shows it, even if a filter hides it, and what more there is.
function reveal() {
	const row = document.querySelector("tr:target");
	if (!row) return;
	if (row.hidden) document.querySelector(`form[data-filters="${row.closest("table").id}"]`).reset();
	row.querySelectorAll("details").forEach(details => { details.open = true; });
	setTimeout(() => row.scrollIntoView());
}

// Paper cannot be unfolded.
function unfoldAll() {
	document.querySelectorAll("details:not([open])").forEach(details => {
		details.dataset.printed = "";
		details.open = true;
	});
}

function foldAgain() {
	document.querySelectorAll("[data-printed]").forEach(details => {
		delete details.dataset.printed;
		details.open = false;
	});
}

document.querySelectorAll("form[data-filters]").forEach(filter);
document.querySelectorAll("table[data-cards]").forEach(cards);
document.querySelectorAll("th[data-sort]").forEach(sortable);
addEventListener("hashchange", reveal);
// The same link once more is no change.
addEventListener("click", event => { if (event.target.closest("a[href^='#']")) setTimeout(reveal); });
addEventListener("pageshow", reveal);
addEventListener("beforeprint", unfoldAll);
addEventListener("afterprint", foldAgain);
