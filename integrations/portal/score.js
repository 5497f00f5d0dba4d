// Microsoft Secure Score: where it stands, and how it came there.

import { draw, make } from "./dom.js";
import { section } from "./listing.js";
import { ago, day } from "./times.js";

const WIDTH = 600;
const HEIGHT = 120;
const EDGE = 6;
const SMALL_WIDTH = 160;
const SMALL_HEIGHT = 36;

export function hasScore(score) {
  return score?.percent != null;
}

export function percentOf(score) {
  return rounded(score.percent);
}

export function scoreSection(score) {
  const points = pointsOf(score.trend, "percent");
  return section("Microsoft Secure Score",
    make("p", { class: "score" }, make("strong", {}, `${percentOf(score)} %`),
      score.max_points ? make("span", { class: "quiet" }, ` ${score.points} of ${score.max_points} points`) : null,
      score.as_of ? make("span", { class: "quiet" }, ", as of ", ago(score.as_of)) : null),
    points.length > 1 ? trend(points) : null);
}

/** A trend's course alone, as high as its own range; `name` is the number of each day. */
export function sparkline(trend, name = "percent") {
  const points = pointsOf(trend, name);
  if (points.length < 2) return null;
  const values = points.map((it) => it.value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const place = placing(points, SMALL_WIDTH, SMALL_HEIGHT, (value) => (most > least ? (value - least) / (most - least) : 0.5));
  return draw("svg", { class: "spark", viewBox: `0 0 ${SMALL_WIDTH} ${SMALL_HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, draw("polyline", { class: "line", points: lineOf(points, place) }));
}

function pointsOf(trend, name) {
  return (trend ?? []).filter((it) => it[name] != null).map((it) => ({ at: Date.parse(it.as_of ?? it.day), value: rounded(it[name]) })).sort((one, other) => one.at - other.at);
}

function rounded(value) {
  return Math.round(value * 10) / 10;
}

/** Where a point is drawn; `share` says how high a value stands, from 0 to 1. */
function placing(points, width, height, share) {
  const began = points[0].at;
  const span = points.at(-1).at - began || 1;
  return ({ at, value }) => [EDGE + ((at - began) / span) * (width - 2 * EDGE), height - EDGE - share(value) * (height - 2 * EDGE)];
}

function lineOf(points, place) {
  return points.map((point) => place(point).map((it) => it.toFixed(1)).join(",")).join(" ");
}

function trend(points) {
  const [first, last] = [points[0], points.at(-1)];
  const place = placing(points, WIDTH, HEIGHT, (percent) => percent / 100);
  const line = lineOf(points, place);
  const [endX, endY] = place(last);
  const told = `Secure Score from ${first.value} % on ${day(first.at)} to ${last.value} % on ${day(last.at)}`;
  return make("figure", { class: "trend" },
    draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told },
      ...[0, 50, 100].map((percent) => draw("line", { class: "grid", x1: 0, x2: WIDTH, y1: place({ at: first.at, value: percent })[1], y2: place({ at: first.at, value: percent })[1] })),
      draw("polyline", { class: "line", points: line }), draw("circle", { cx: endX, cy: endY, r: 4 })),
    make("figcaption", { class: "quiet" }, make("span", {}, `${day(first.at)}: ${first.value} %`), make("span", {}, `${day(last.at)}: ${last.value} %`)));
}
