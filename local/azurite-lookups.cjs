// Loaded before Azurite (node --require).
//
// Azure Tables finds rows by their two keys in an index. Azurite goes through all rows of the partition for every row
// that is written or read by its keys, and through all rows of the table for every query: a transaction of 100 rows into
// a partition of 6,000 keeps all three services waiting for 0.15 s, a query in a table of 100,000 for 0.01 s. Here the
// indexes that Azurite has of both keys, and does not use for these, are asked first.
//
// What belongs to one account is found by its name: otherwise each list of queues goes through those of all accounts, and
// each request through the names of all their tables, so that after a thousand accounts a request takes twice the time.
//
// Where this Azurite has not what is patched, nothing is, and a line on stderr says so (local/azurite.py reads it).
const fs = require("node:fs");
const path = require("node:path");

const azurite = path.dirname(fs.realpathSync(process.argv[1]));
const persistence = path.join(azurite, "table", "persistence");

try {
  patch();
} catch (error) {
  process.stderr.write(`azurite-lookups.cjs: found nothing to patch, so Azurite looks through all rows: ${error.message.split("\n")[0]}\n`);
}

function patch() {
  const Loki = require(require.resolve("lokijs", { paths: [azurite] }));
  const { Collection, Resultset } = Loki;
  const nodes = (name) => require(path.join(persistence, "QueryInterpreter", "QueryNodes", name)).default;
  const parse = require(path.join(persistence, "QueryInterpreter", "QueryParser")).default;
  const generator = require(path.join(persistence, "LokiTableStoreQueryGenerator")).default;
  const [AndNode, EqualsNode, IdentifierNode] = ["AndNode", "EqualsNode", "IdentifierNode"].map(nodes);
  const { calculateRange, findOne } = Collection.prototype;
  const { find, findAnd, where } = Resultset.prototype;
  const { getCollection } = Loki.prototype;
  const generate = generator.generateQueryForPersistenceLayer;
  const wanted = { AndNode, EqualsNode, IdentifierNode, parse, calculateRange, findOne, find, findAnd, where, getCollection, generate };
  for (const [name, found] of Object.entries(wanted)) {
    if (typeof found !== "function") throw new Error(`there is no ${name}`);
  }

  Collection.prototype.findOne = function (query) {
    const keys = ["PartitionKey", "RowKey"];
    const indexes = this.binaryIndices;
    if (!query || keys.some((key) => query[key] === undefined || !indexes[key] || indexes[key].dirty)) {
      return findOne.call(this, query);
    }
    const found = keys.map((key) => [indexes[key].values, ...this.calculateRange("$eq", key, query[key])]);
    const [places, first, last] = found[0][2] - found[0][1] < found[1][2] - found[1][1] ? found[0] : found[1];
    for (let place = first; place <= last; place += 1) {
      const row = this.data[places[place]];
      if (row.RowKey === query.RowKey && row.PartitionKey === query.PartitionKey) {
        return row;
      }
    }
    return null;
  };

  const places = new WeakMap(); // of each database: the names of its collections, and where they were found last

  Loki.prototype.getCollection = function (name) {
    if (!places.has(this)) places.set(this, new Map());
    const found = this.collections[places.get(this).get(name)];
    if (found && found.name === name) return found;
    const sought = getCollection.call(this, name);
    if (sought) places.get(this).set(name, this.collections.indexOf(sought));
    return sought;
  };

  Resultset.prototype.findAnd = function (conditions) {
    const isIndexed = (condition) =>
      Object.entries(condition).every(([key, value]) => typeof value === "string" && this.collection.binaryIndices[key]);
    const first = this.filterInitialized ? undefined : conditions.find(isIndexed);
    return findAnd.call(this, first ? [first, ...conditions.filter((it) => it !== first)] : conditions);
  };
  Resultset.prototype.$and = Resultset.prototype.findAnd;

  // The one partition that a filter asks for; undefined when it may be several.
  const partitionOf = (node) => {
    if (node instanceof AndNode) {
      return partitionOf(node.left) ?? partitionOf(node.right);
    }
    const asks = node instanceof EqualsNode && node.left instanceof IdentifierNode;
    return asks && node.left.identifier === "PartitionKey" ? node.right.value : undefined;
  };

  generator.generateQueryForPersistenceLayer = function (options, context) {
    const matches = generate.call(this, options, context);
    matches.partition = options.filter ? partitionOf(parse(options.filter)) : undefined;
    return matches;
  };

  Resultset.prototype.where = function (matches) {
    if (typeof matches.partition === "string" && !this.filterInitialized) {
      this.find({ PartitionKey: matches.partition });
    }
    return where.call(this, matches);
  };
}
