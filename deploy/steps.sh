# How deploy/quickstart and tests/run take a step: named, timed, quiet while it works, and plain about what went wrong.
# Sourced from the project's folder by bash scripts that set -euo pipefail.

readonly LOG_FOLDER=$PWD/build/logs

# What a person can do when a step failed, by the step's name, or by its first word for all steps that begin so; REST stands for the
# words after that. A script adds its own.
declare -A REMEDIES=(
  ["configure"]="If packages changed since the last time: rm -r build/REST, and start again."
  ["build"]="If compilers were killed, memory was short (1.5 GB each): start again, what was built is kept."
)

# print_usage SCRIPT: the comment at the script's head.
print_usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"
}

# step NAME COMMAND…: runs the command with its output in a log, and prints the name and the seconds. If it fails: explain_failure, and
# the script ends with 1.
step() {
  local name=$1 started=$SECONDS code=0
  local log="$LOG_FOLDER/${name// /_}.log"
  shift
  mkdir -p "$LOG_FOLDER"
  printf '%-24s' "$name"
  "$@" >"$log" 2>&1 </dev/null || code=$?
  if [ "$code" -ne 0 ]; then
    printf 'FAILED with %s after %s s\n' "$code" $((SECONDS - started))
    explain_failure "$name" "$log"
    exit 1
  fi
  printf '%5s s\n' $((SECONDS - started))
}

# explain_failure NAME LOG: the end of the log, its path, and the remedy.
explain_failure() {
  {
    tail -n 25 "$2" | sed 's/^/  | /'
    echo "The step '$1' failed. Its whole output: $2"
    remedy_for "$1"
  } >&2
}

# remedy_for NAME: what REMEDIES says of the step; an empty line if nothing.
remedy_for() {
  local remedy=${REMEDIES[$1]:-${REMEDIES[${1%% *}]:-}}
  echo "${remedy//REST/${1#* }}"
}

# How many compilers may run at once: one a core, but each may take 1.5 GB.
build_jobs() {
  local by_memory cores
  by_memory=$(awk '/^MemAvailable:/ {print int($2 / 1572864)}' /proc/meminfo)
  cores=$(nproc)
  echo $((by_memory < 1 ? 1 : by_memory < cores ? by_memory : cores))
}
