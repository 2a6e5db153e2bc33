#!/bin/sh
# Installs the Signalbox daemon that __SIGNALBOX_URL__ serves, and connects this machine to it.
#   curl -fsSL __SIGNALBOX_URL__/install.sh | sh -s -- CODE [--service] [--name NAME]
# Without a code only the daemon is installed. Nothing needs root; nothing here listens to the network.
set -eu

SIGNALBOX_URL="__SIGNALBOX_URL__"
LEAST_MAJOR=22
LEAST_MINOR=13

say() { printf '%s\n' "$*" >&2; }
die() {
  say "$*"
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

usage() {
  say "Usage: install.sh [CODE] [--code CODE] [--service] [--name NAME]"
  say "  CODE       one-time code from the hosts page of $SIGNALBOX_URL"
  say "  --service  run the daemon as a service of this user (systemd or launchd)"
  say "  --name     how this machine introduces itself"
}

check_node() {
  have node || die "Node.js is not installed. Signalbox needs $LEAST_MAJOR.$LEAST_MINOR or newer: https://nodejs.org"
  version=$(node --version 2>/dev/null) || die "node does not work here."
  numbers=${version#v}
  major=${numbers%%.*}
  rest=${numbers#*.}
  minor=${rest%%.*}
  case "$major$minor" in
    *[!0-9]* | '') die "node says its version is $version, which is not understood." ;;
  esac
  if [ "$major" -lt "$LEAST_MAJOR" ] || { [ "$major" -eq "$LEAST_MAJOR" ] && [ "$minor" -lt "$LEAST_MINOR" ]; }; then
    die "Node.js $version is too old. Signalbox needs $LEAST_MAJOR.$LEAST_MINOR or newer: https://nodejs.org"
  fi
}

check_tmux() {
  have tmux && return
  say "tmux is not installed. The daemon is installed all the same, but it shows no terminals until tmux is there"
  say "(for example: apt install tmux, dnf install tmux, brew install tmux)."
}

# Fetches $1 into the file $2.
fetch() {
  if have curl; then
    curl -fsSL --retry 3 --connect-timeout 10 -o "$2" "$1"
  elif have wget; then
    wget -q -T 30 -t 3 -O "$2" "$1"
  else
    die "Neither curl nor wget is installed."
  fi
}

install_daemon() {
  share=${XDG_DATA_HOME:-$HOME/.local/share}/signalbox
  bin=$HOME/.local/bin
  mkdir -p "$share" "$bin" || die "$share and $bin cannot be made."
  next=$share/agent.mjs.$$
  trap 'rm -f "$next"' EXIT INT TERM
  fetch "$SIGNALBOX_URL/agent.mjs" "$next" || die "The daemon could not be fetched from $SIGNALBOX_URL/agent.mjs."
  # A page instead of the program (a proxy, a wrong address) must not be installed.
  said=$(node "$next" --version 2>/dev/null) || die "What $SIGNALBOX_URL/agent.mjs served does not run."
  case "$said" in
    signalbox\ *) ;;
    *) die "What $SIGNALBOX_URL/agent.mjs served is not the daemon." ;;
  esac
  chmod 755 "$next"
  mv -f "$next" "$share/agent.mjs"
  trap - EXIT INT TERM
  ln -sf "$share/agent.mjs" "$bin/signalbox"
  say "Installed $said as $bin/signalbox."
  case ":$PATH:" in
    *":$bin:"*) ;;
    *) say "Add $bin to your PATH to call it by its name." ;;
  esac
}

# Everything is in a function that is called last: a download that breaks off runs nothing.
main() {
  code=
  service=
  name=
  while [ $# -gt 0 ]; do
    case "$1" in
      --code | --name)
        [ $# -ge 2 ] || die "$1 needs a value."
        if [ "$1" = --code ]; then code=$2; else name=$2; fi
        shift
        ;;
      --code=*) code=${1#--code=} ;;
      --name=*) name=${1#--name=} ;;
      --service) service=1 ;;
      -h | --help)
        usage
        return
        ;;
      -*) usage && die "There is no option $1." ;;
      *)
        [ -z "$code" ] || die "There is a word too many: $1."
        code=$1
        ;;
    esac
    shift
  done
  [ -n "${HOME:-}" ] || die "HOME is not set."
  check_node
  check_tmux
  install_daemon
  if [ -z "$code" ] && [ -z "$service" ]; then
    say "Make a code on the hosts page of $SIGNALBOX_URL, then run: signalbox connect $SIGNALBOX_URL --code CODE"
    return
  fi
  set -- connect "$SIGNALBOX_URL"
  [ -z "$code" ] || set -- "$@" --code "$code"
  [ -z "$name" ] || set -- "$@" --name "$name"
  [ -z "$service" ] || set -- "$@" --service
  # Standard input is this script; the daemon must not read from it.
  exec node "$share/agent.mjs" "$@" </dev/null
}

main "$@"
