# What the checks with real programs share: a folder that goes away, and a daemon that runs in it.
work=$(mktemp -d)
daemon=
trap '[ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true; rm -rf "$work"' EXIT

binary=${CARGO_TARGET_DIR:-target}/release/hotspan
[ -x "$binary" ] || cargo build --release --locked --quiet -p hotspan

# A Python of our own with the packages named.
python_with() {
    [ -d "$work/venv" ] || python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --disable-pip-version-check "$@"
}

# Starts a daemon on free ports with the flags given and waits until it listens; $work/ready.json says where.
start_daemon() {
    "$binary" serve --in-memory --otlp-grpc 127.0.0.1:0 --otlp-http 127.0.0.1:0 --listen 127.0.0.1:0 \
        --ready-file "$work/ready.json" "$@" 2>"$work/daemon.log" &
    daemon=$!
    for _ in $(seq 100); do
        [ -s "$work/ready.json" ] && return
        kill -0 "$daemon" || break
        sleep 0.1
    done
    cat "$work/daemon.log"
    return 1
}

# Ends it as a service manager would; it must go in peace.
stop_daemon() {
    kill -TERM "$daemon"
    wait "$daemon"
    daemon=
    rm -f "$work/ready.json"
}

# The address of a listener of the running daemon, say `listen`.
address_of() {
    python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$work/ready.json" "$1"
}
