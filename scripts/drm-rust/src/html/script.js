{#- SPDX-License-Identifier: GPL-2.0-only -#}
"use strict";

// Without this script the page has everything but filters and sorting.

function filter(form) {
	const table = document.getElementById(form.dataset.filters);
	const rows = [...table.tBodies[0].rows];
	const count = form.querySelector("output");

	function isWanted(row) {
		const keys = [...form.querySelectorAll("[data-key]")];
		const only = [...form.querySelectorAll("[data-only]")];
		const words = form.querySelector("[data-search]").value.toLowerCase().split(/\s+/);
		const text = row.textContent.toLowerCase();
		return keys.every(key => !key.value || row.dataset[key.dataset.key] === key.value)
			&& only.every(box => !box.checked || box.dataset.only in row.dataset)
			&& words.every(word => text.includes(word));
	}

	function apply() {
		rows.forEach(row => { row.hidden = !isWanted(row); });
		count.textContent = `${rows.filter(row => !row.hidden).length} of ${rows.length}`;
	}

	form.hidden = false;
	form.addEventListener("input", apply);
	// The fields have their first values again only after the event.
	form.addEventListener("reset", () => setTimeout(apply));
	form.addEventListener("submit", event => event.preventDefault());
	apply();
}

function sortable(header) {
	const table = header.closest("table");
	const button = document.createElement("button");
	button.type = "button";
	button.append(...header.childNodes);
	header.append(button);

	function value(row) {
		const cell = row.cells[header.cellIndex];
		return cell.dataset.value ?? cell.textContent.trim();
	}

	button.addEventListener("click", () => {
		const down = header.getAttribute("aria-sort") === "ascending";
		const rows = [...table.tBodies[0].rows];
		rows.sort((a, b) => value(a).localeCompare(value(b), "en", {numeric: true}) * (down ? -1 : 1));
		table.tBodies[0].append(...rows);
		table.querySelectorAll("[aria-sort]").forEach(other => other.removeAttribute("aria-sort"));
		header.setAttribute("aria-sort", down ? "descending" : "ascending");
	});
}

// A link to a row that a filter hides shows it.
function reveal() {
	const row = document.getElementById(decodeURIComponent(location.hash.slice(1)));
	const form = row?.hidden && document.querySelector(`form[data-filters="${row.closest("table").id}"]`);
	if (form) {
		form.reset();
		setTimeout(() => row.scrollIntoView());
	}
}

document.querySelectorAll("form[data-filters]").forEach(filter);
document.querySelectorAll("th[data-sort]").forEach(sortable);
addEventListener("hashchange", reveal);
