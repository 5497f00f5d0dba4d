// Microsoft Secure Score: where it stands, and how it came there.

import { draw, make } from "./dom.js";
import { section } from "./listing.js";
import { ago, day } from "./times.js";

const WIDTH = 600;
const HEIGHT = 120;
const EDGE = 6;

export function hasScore(score) {
  return score?.percent != null;
}

export function percentOf(score) {
  return Math.round(score.percent * 10) / 10;
}

export function scoreSection(score) {
  const points = (score.trend ?? []).filter(hasScore).map((it) => ({ at: Date.parse(it.as_of), percent: percentOf(it) })).sort((one, other) => one.at - other.at);
  return section("Microsoft Secure Score",
    make("p", { class: "score" }, make("strong", {}, `${percentOf(score)} %`),
      score.max_points ? make("span", { class: "quiet" }, ` ${score.points} of ${score.max_points} points`) : null,
      score.as_of ? make("span", { class: "quiet" }, ", as of ", ago(score.as_of)) : null),
    points.length > 1 ? trend(points) : null);
}

function trend(points) {
  const [first, last] = [points[0], points.at(-1)];
  const span = last.at - first.at || 1;
  const place = ({ at, percent }) => [EDGE + ((at - first.at) / span) * (WIDTH - 2 * EDGE), HEIGHT - EDGE - (percent / 100) * (HEIGHT - 2 * EDGE)];
  const line = points.map((point) => place(point).map((it) => it.toFixed(1)).join(",")).join(" ");
  const [endX, endY] = place(last);
  const told = `Secure Score from ${first.percent} % on ${day(first.at)} to ${last.percent} % on ${day(last.at)}`;
  return make("figure", { class: "trend" },
    draw("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told },
      ...[0, 50, 100].map((percent) => draw("line", { class: "grid", x1: 0, x2: WIDTH, y1: place({ at: first.at, percent })[1], y2: place({ at: first.at, percent })[1] })),
      draw("polyline", { class: "line", points: line }), draw("circle", { cx: endX, cy: endY, r: 4 })),
    make("figcaption", { class: "quiet" }, make("span", {}, `${day(first.at)}: ${first.percent} %`), make("span", {}, `${day(last.at)}: ${last.percent} %`)));
}
