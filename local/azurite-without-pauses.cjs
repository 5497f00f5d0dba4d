// Loaded before Azurite (node --require), for short-lived storage in memory only.
//
// Once a minute Azurite's queue service deletes the bodies of messages that are gone, and sorts its whole index anew for
// each of them: after a few thousand messages, all three services stand still for half a minute. Here they are left
// until the process ends.
const fs = require("node:fs");
const path = require("node:path");

const azurite = path.dirname(fs.realpathSync(process.argv[1]));
const constants = path.join(azurite, "queue", "utils", "constants.js");
if (fs.existsSync(constants)) {
  require(constants).DEFAULT_GC_INTERVAL_MS = 24 * 60 * 60 * 1000;
}
