# How lab-up and lab-down find labs, stages and the daemon. Sourced after lib.sh.
# shellcheck shell=bash
# shellcheck source=netns-scripts/lib.sh
: "${vpclab_root:?lib.sh comes first}"

# VPCLAB_BIN_DIR: use the programs there, and install and build nothing.
vpclab=${VPCLAB_BIN_DIR:-$vpclab_root/build/bin}/vpclab
vpclabd=${VPCLAB_BIN_DIR:-$vpclab_root/build/bin}/vpclabd
run_dir=${VPCLAB_RUN_DIR:-/run/vpclab}

# The files of a lab, in the order of its stages.
stages=()

# lab_path LAB: the file or directory that it means; from where the caller stands, from the checkout, or a name in labs/.
lab_path() {
    local candidate
    for candidate in "$1" "$vpclab_root/$1" "$vpclab_root/labs/$1"; do
        # A bare name means the lab of that name, not whatever is called so here or in the checkout.
        if [[ $candidate != "$vpclab_root/labs/$1" && $1 != */* && $1 != *.yaml && $1 != . && $1 != .. ]]; then continue; fi
        if [[ -e $candidate ]]; then
            readlink -f "$candidate"
            return 0
        fi
    done
    return 1
}

# lab_files LAB: sets `stages`.
lab_files() {
    local path
    path=$(lab_path "$1") || {
        complain "no such lab: $1; there are: $(cd "$vpclab_root/labs" && echo */ | tr -d /)"
        exit 2
    }
    if [[ -f $path ]]; then
        stages=("$path")
        if [[ ${path##*/} == stage-*.yaml ]]; then
            # One stage of a walk: the walk up to it.
            local file
            stages=()
            while IFS= read -r file; do
                stages+=("$file")
                [[ $file != "$path" ]] || break
            done < <(find "${path%/*}" -maxdepth 1 -name 'stage-*.yaml' | sort -V)
        fi
    else
        mapfile -t stages < <(find "$path" -maxdepth 1 -name 'stage-*.yaml' | sort -V)
        if [[ ${#stages[@]} -eq 0 && -f $path/lab.yaml ]]; then stages=("$path/lab.yaml"); fi
    fi
    if [[ ${#stages[@]} -eq 0 ]]; then
        complain "$path holds no stage-*.yaml and no lab.yaml"
        exit 2
    fi
}

# stage-3b.yaml -> 3b
stage_of() {
    local name=${1##*/}
    name=${name%.yaml}
    echo "${name#stage-}"
}

stage_names() {
    local file
    for file in "${stages[@]}"; do stage_of "$file"; done | paste -sd' '
}

stage_index() {
    local i
    for i in "${!stages[@]}"; do
        if [[ $(stage_of "${stages[i]}") == "$1" ]]; then
            echo "$i"
            return 0
        fi
    done
    return 1
}

# lab_name FILE: the name of its lab, which may stand in a file that this one extends. The programs have to be there.
lab_name() {
    local name
    # What else is wrong with the file is told by whoever applies it.
    name=$("$vpclab" validate --json "$1" | jq -r '.lab // empty') || true
    if [[ -z $name ]]; then
        "$vpclab" validate "$1" >&2 || complain "$1: no name of a lab in it"
        return 1
    fi
    echo "$name"
}

programs() {
    [[ -z ${VPCLAB_BIN_DIR:-} ]] || return 0
    "$vpclab_root/netns-scripts/provision" build run && build_programs
}

daemon_answers() { "$vpclab" inspect --json >/dev/null 2>&1; }
no_labs() { [[ $("$vpclab" inspect --json 2>/dev/null | jq '.labs | length') == 0 ]]; }
ends_with_last_lab() { [[ $("$vpclab" inspect --json 2>/dev/null | jq '.daemon.exit_after_last_lab') == true ]]; }
start_daemon() { "$vpclabd" --daemonize --exit-after-last-lab --run-dir "$run_dir"; }

# The index of the stage that the lab is at; -1: the lab is not up, or not at a stage of these.
current_stage() {
    local file i
    file=$("$vpclab" inspect --json 2>/dev/null | jq -r --arg lab "$1" '.labs[] | select(.name == $lab) | .file // empty')
    for i in "${!stages[@]}"; do
        if [[ -n $file && ${stages[i]##*/} == "${file##*/}" ]]; then
            echo "$i"
            return 0
        fi
    done
    echo -1
}
