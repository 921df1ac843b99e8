# How deploy/quickstart and tests/run take a step: named, timed, quiet while it works, and plain about what went wrong.
# Sourced from the project's folder by bash scripts that set -euo pipefail.

readonly LOG_FOLDER=$PWD/build/logs

# print_usage SCRIPT: the comment at the script's head.
print_usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}

# remedy STEP: what a person can do when the step failed. Scripts may define their own before they take steps.
declare -F remedy >/dev/null || remedy() {
  case $1 in
    packages) ;; # says itself what to do
    configure*) echo "If a package was changed since the last time: rm -r build/${1#configure } and start again." ;;
    build*) echo "Killed compilers mean too little memory (1.5 GB each): try again, what was built is kept." ;;
  esac
}

# step NAME COMMAND…: runs the command with its output in a log, and prints the name and the seconds. If it fails, prints the end of
# the log, its path and the remedy, and ends the script.
step() {
  local name=$1 log started=$SECONDS code=0
  shift
  log=$LOG_FOLDER/${name// /_}.log
  mkdir -p "$LOG_FOLDER"
  printf '%-22s' "$name"
  "$@" >"$log" 2>&1 </dev/null || code=$?
  if [ "$code" -ne 0 ]; then
    printf 'failed with %s after %s s: %s\n' "$code" $((SECONDS - started)) "$*"
    tail -n 25 "$log" | sed 's/^/  | /'
    echo "The whole log: $log"
    remedy "$name"
    exit 1
  fi >&2
  printf '%5s s\n' $((SECONDS - started))
}

# How many compilers may run at once: one a core, but each may take 1.5 GB.
build_jobs() {
  local by_memory
  by_memory=$(awk '/^MemAvailable:/ {print int($2 / 1572864)}' /proc/meminfo)
  local cores
  cores=$(nproc)
  echo $((by_memory < 1 ? 1 : by_memory < cores ? by_memory : cores))
}
