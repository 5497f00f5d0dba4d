// Loaded before Azurite (node --require): it ends, and saves its data, once the process that started it is gone.
const parent = Number(process.env.LOCAL_PARENT_PID);
if (parent) {
  const watch = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(watch);
      process.kill(process.pid, "SIGTERM");
    }
  }, 500);
  watch.unref();
}
