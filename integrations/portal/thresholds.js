// From where on a tenant is listed as needing attention, and the time zone in which days begin.

import { field, open } from "./dialog.js";
import { make } from "./dom.js";
import { changeSettings, readSettings } from "./settings.js";

export async function editThresholds(again) {
  const { thresholds, time_zone: zone } = await readSettings();
  const zones = Intl.supportedValuesOf("timeZone");
  const score = numberField(thresholds.secure_score, 0, 100);
  const drop = numberField(thresholds.secure_score_drop, 0.1, 100);
  const people = numberField(thresholds.unprotected_people, 0, 1000000, 1);
  const where = make("select", {}, [...new Set(["UTC", zone, ...zones])].map((it) => make("option", { value: it }, it.replaceAll("_", " "))));
  where.value = zone;
  open("Thresholds and time zone", make("div", {},
    make("p", {}, "A tenant needs attention if one of these is true. They apply to your whole account."),
    field("Its Secure Score is below (percent)", score), field("Its Secure Score fell within 7 days by (percentage points)", drop),
    field("MFA does not protect more people than", people), field("Time zone, in which the days of the history begin", where)),
  [
    { label: "Cancel" },
    { label: "Save", style: "main", run: async () => {
      const invalid = [score, drop, people].find((it) => !it.reportValidity());
      if (invalid) return true;
      await changeSettings(() => ({
        thresholds: { secure_score: score.valueAsNumber, secure_score_drop: drop.valueAsNumber, unprotected_people: people.valueAsNumber }, time_zone: where.value,
      }));
      again();
      return false;
    } },
  ]);
}

function numberField(value, min, max, step = "any") {
  return make("input", { type: "number", required: true, value, min, max, step });
}
