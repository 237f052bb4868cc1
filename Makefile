# The front door. `make help` lists what there is; each target says what it does behind ##.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DURATION ?=
# Test files beside each other: more than cores, because most of them wait.
JOBS ?= 6
SITE ?= site
SHELL := /bin/bash
# Words for people are Dutch. ENGLISH=1 makes them English, PARAAT_LANGUAGE=de what another catalogue has (docs/adr/0015).
export PARAAT_LANGUAGE := $(if $(ENGLISH),en,$(PARAAT_LANGUAGE))
TEXTS := host/paraat/texts
catalogue = $(wildcard $(TEXTS)/$(or $(PARAAT_LANGUAGE),nl).po)
# A command that says an English sentence in that language; $(1): the sentence, without a comma.
say = awk -v text="$(1)" -f $(TEXTS)/say.awk $(catalogue) /dev/null

.DEFAULT_GOAL := help

.PHONY: help
help: ## Say what there is
	@awk -f $(TEXTS)/say.awk $(catalogue) $(MAKEFILE_LIST)

# What make does not know: a slip of the finger. The nearest, and all that there is.
.DEFAULT:
	@echo "make: $$($(call say,there is no command)) '$@'. $$($(call say,Did you mean)): make $$($(PYTHON) -c 'import difflib, re, sys; \
	  known = re.findall(r"^\.PHONY: ([a-z-]+)$$$$", open(sys.argv[1]).read(), re.M); \
	  print(" / ".join(difflib.get_close_matches(sys.argv[2], known, 2)) or "help")' $(firstword $(MAKEFILE_LIST)) '$@')" >&2; \
	$(points_known); echo "make help: $$($(call say,Say what there is))" >&2; false $(quiet)

# What was said is enough: on a screen make's own "*** Error 1" below it does not come. In a script it does.
stop = [ ! -t 2 ] || kill -PIPE $$PPID; exit 1
quiet = || { code=$$?; [ ! -t 2 ] || kill -PIPE $$PPID; exit $$code; }

.PHONY: python-is-there
python-is-there:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON): $$($(call say,is missing or older than 3.11)) ($$($(PYTHON) --version 2>&1)). $$($(call say,Install Python 3.11 or newer; or name one)): make PYTHON=python3.12 ..." >&2; $(stop); }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "make: $(PYTHON): $$($(call say,has no venv. Install it)): sudo apt-get install python3-venv" >&2; $(stop); }

# In a bundle for a day without internet (make bundle) the packages lie in wheels/, with a lock of their own. $(1): lock.
packages = $(if $(wildcard wheels/$(1).lock),--no-index --find-links wheels -r wheels/$(1).lock,-r requirements/$(1).lock)

# The stamps are written last, so an installation that broke off is done again. $(1): lock and stamp name.
define install
	@test -x $(BIN)/python && $(BIN)/python -c '' 2>/dev/null || { rm -rf $(VENV); $(PYTHON) -m venv $(VENV); }
	@if [ -e wheels/python.txt ]; then wanted=$$(cat wheels/python.txt); \
	  $(BIN)/python -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$$wanted')" || { rm -rf $(VENV); \
	    echo "make: $$($(call say,the packages of this folder are for Python)) $$wanted: make PYTHON=python$$wanted tools" >&2; $(stop); }; fi
	@echo "$$($(call say,Installing once)): requirements/$(1).lock -> $(VENV) ..."
	@mkdir -p build; $(BIN)/python -m pip install --quiet --disable-pip-version-check --retries 2 --require-hashes $(call packages,$(1)) 2>build/pip.log || { \
	  if grep -qE 'No matching distribution|NewConnectionError|NameResolutionError|Max retries|Network is unreachable' build/pip.log; then \
	    echo "make: $$($(call say,the packages cannot be fetched: there is no internet here. Make a folder with make bundle where there is internet and work in that)) (build/pip.log)" >&2; \
	  else cat build/pip.log >&2; fi; $(stop); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
endef

$(VENV)/demo.stamp: requirements/demo.lock pyproject.toml | python-is-there
	$(call install,demo)

# A USB stick (FAT) keeps neither links, which .venv needs, nor modes: what was copied from one is open to all.
define unpack
	@if [ -e wheels/python.txt ]; then \
	  { ln -s . .link && rm .link; } 2>/dev/null || { \
	    echo "make: $$($(call say,this disk keeps no links (a USB stick?). Copy the whole folder to the laptop and run make there))" >&2; $(stop); }; \
	  [ -z "$$(find site -perm /077 -print -quit 2>/dev/null)" ] || { chmod -R go= site; \
	    $(call say,site/ was open to others (as after a USB stick): now only you can read it); }; fi
endef

# What a technician needs: everything but the tools for development. It holds all of demo.lock.
$(VENV)/technician.stamp: requirements/technician.lock pyproject.toml | python-is-there
	$(call unpack)
	$(call install,technician)
	@touch $(VENV)/demo.stamp

$(VENV)/mutants.stamp: requirements/mutants.lock pyproject.toml | python-is-there
	$(call install,mutants)

$(VENV)/dev.stamp: requirements/dev.lock pyproject.toml | python-is-there
	$(call install,dev)
	@# pyrightconfig.json names the ESP32's stubs by this path, whatever the version of Python.
	@ln -sfn "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')" $(VENV)/micropython-stubs
	@touch $(VENV)/demo.stamp $(VENV)/technician.stamp

#: Begin here
.PHONY: setup
setup: $(VENV)/dev.stamp ## Make .venv with everything to run, test and build
	@echo "$(VENV): $$($(call say,is ready))"

.PHONY: demo
demo: $(VENV)/demo.stamp ## Play a blackout in two minutes: real firmware, broker, host, status page (DURATION=100 ends by itself; ENGLISH=1)
	@$(BIN)/paraat demo $(if $(DURATION),--duration $(DURATION))

#: Boards, at the technician's laptop
# POINT=nsp-0123, or POINTS="a b c"; PORT=, BOARD=, FIRMWARE=file.bin, PASSPHRASE_FILE=, ENGLISH=1 where needed
# ANYWAY=1, on the bench: what would be refused goes through; the last line says so, and the inventory keeps it.
anyway = $(if $(ANYWAY),--anyway)
words = --site $(SITE) $(if $(BOARD),--board $(BOARD)) $(if $(FIRMWARE),--firmware $(FIRMWARE)) \
  $(if $(PASSPHRASE_FILE),--passphrase-file $(PASSPHRASE_FILE)) $(anyway)
asked_for = $(or $(POINTS),$(POINT))

# Before everything else: what was typed wrongly. $(1): the variable without which there is nothing to do, $(2): an example of it.
define typed
	@for one in $(foreach name,$(VARIABLES),$(if $(filter command line,$(origin $(call lower,$(name)))),$(name))); do \
	  echo "make: $$($(call say,variables are written in capitals)): $$one=" >&2; wrong=1; done; \
	$(if $(1),[ -n "$(strip $(foreach name,$(1),$($(name))))" ] || { echo "make: $$($(call say,say which)): make $@ $(2)" >&2; wrong=1; };) \
	[ -z "$$wrong" ] || { $(points_known); false; } $(quiet)
endef
VARIABLES := BY CANARY CSV POINT POINTS PORT SITE BOARD FIRMWARE PASSPHRASE_FILE OUT FROM BUNDLE ANYWAY REPLACE ALL STATUS STOP
lower = $(subst A,a,$(subst B,b,$(subst C,c,$(subst D,d,$(subst E,e,$(subst F,f,$(subst G,g,$(subst H,h,$(subst I,i,$(subst \
  L,l,$(subst M,m,$(subst N,n,$(subst O,o,$(subst P,p,$(subst R,r,$(subst S,s,$(subst T,t,$(subst U,u,$(subst V,v,$(subst W,w,$(subst Y,y,$(1))))))))))))))))))))))
points_known = if [ -d "$(SITE)/points" ]; then echo "$$($(call say,the points of this region)) ($(SITE)):" >&2; for file in $(SITE)/points/*.toml; do \
  [ ! -e "$$file" ] || printf '  %-14s %s\n' "$$(basename "$$file" .toml)" "$$(sed -n 's/^name *= *"\(.*\)".*/\1/p' "$$file" | head -n 1)" >&2; done; \
  else echo "$(SITE): $$($(call say,the folder of the region is not here. Get it from the coordination point. Is it elsewhere? Say SITE=folder))" >&2; fi

.PHONY: flash
flash: $(VENV)/technician.stamp ## Write a board for a point, check it, record it, make its label (POINT=, or POINTS="a b c")
	$(call typed,POINT POINTS,POINT=nsp-0101)
	@$(BIN)/paraat flash $(words) $(foreach port,$(PORT),--port $(port)) $(asked_for) $(quiet)

.PHONY: replace
replace: $(VENV)/technician.stamp ## As flash, with a new board for a point: the broker refuses the old one from then on
	$(call typed,POINT POINTS,POINT=nsp-0101)
	@$(BIN)/paraat replace $(words) $(foreach port,$(PORT),--port $(port)) $(asked_for) $(quiet)

.PHONY: image
image: $(VENV)/technician.stamp ## Write what flash would write into a folder: flash.bin and the files (POINT=, OUT=)
	$(call typed,POINT POINTS,POINT=nsp-0101 OUT=folder)
	$(call typed,OUT,OUT=folder POINT=nsp-0101)
	@$(BIN)/paraat image $(words) $(if $(REPLACE),--replace) --out $(OUT) $(asked_for) $(quiet)

.PHONY: erase
erase: $(VENV)/technician.stamp ## Erase a board whole (BOARD=esp32_devkitc_ve, PORT=)
	$(call typed,BOARD,BOARD=esp32_devkitc_ve)
	@$(BIN)/paraat erase --site $(SITE) --board $(BOARD) $(if $(PORT),--port $(PORT)) $(if $(YES),--yes) $(quiet)

# A board on the cable: PORT= where several are attached.
cable = $(if $(PORT),--port $(PORT))
signing = $(if $(PASSPHRASE_FILE),--passphrase-file $(PASSPHRASE_FILE))

.PHONY: tools
tools: $(VENV)/technician.stamp ## Make .venv with what a technician needs; without internet in the folder of `make bundle`
	@echo "$(VENV): $$($(call say,is ready))"

.PHONY: doctor
doctor: $(VENV)/technician.stamp ## Find what keeps this laptop from working, and say the next step (POINT=, PORT=)
	$(call typed,,)
	@$(BIN)/paraat doctor --site $(SITE) $(if $(POINT),--point $(POINT)) $(cable) $(anyway) $(quiet)

.PHONY: verify
verify: $(VENV)/technician.stamp ## Compare what lies on a board on the cable with what should (POINT=)
	$(call typed,POINT,POINT=nsp-0101)
	@$(BIN)/paraat usb verify --site $(SITE) --point $(asked_for) $(cable) $(quiet)

.PHONY: console
console: $(VENV)/technician.stamp ## Talk to the MicroPython of a board on the cable
	$(call typed,,)
	@$(BIN)/paraat usb console $(cable) $(quiet)

.PHONY: logs
logs: $(VENV)/technician.stamp ## Follow and keep what a board on the cable says (POINT= names the file)
	$(call typed,,)
	@$(BIN)/paraat usb logs $(if $(POINT),--point $(POINT)) $(cable) $(quiet)

.PHONY: identify
identify: $(VENV)/technician.stamp ## Let a board show itself (POINT=, over the broker; with PORT= on the cable)
	$(call typed,POINT PORT,POINT=nsp-0101)
	@$(if $(PORT),$(BIN)/paraat usb identify $(cable),$(BIN)/paraat command --site $(SITE) $(asked_for) identify) $(quiet)

.PHONY: labels
labels: $(VENV)/technician.stamp ## Put the labels of many boards on sheets of A4, and make the list for the box (POINTS="a b c", or all)
	$(call typed,,)
	@$(BIN)/paraat labels --site $(SITE) $(asked_for) $(quiet)

.PHONY: inventory
inventory: $(VENV)/technician.stamp ## Say who has which board, since when, with which firmware, last heard when (CSV=file)
	$(call typed,,)
	@$(BIN)/paraat boards --site $(SITE) $(if $(CSV),--csv $(CSV)) $(quiet)

.PHONY: commission
commission: $(VENV)/technician.stamp ## Check a point on the spot, step by step, and write it down (POINT=, BY="your name"; over the broker)
	$(call typed,POINT,POINT=nsp-0101)
	@$(BIN)/paraat commission --site $(SITE) $(if $(BY),--by "$(BY)") $(POINT) $(quiet)

.PHONY: update
update: $(VENV)/technician.stamp ## Bring new firmware to boards, one first and then in waves (POINTS="a b c" or ALL=1; with PORT= on the cable; BUNDLE= ready-made; CANARY=, DOWNGRADE=1; STATUS=1, STOP=1)
	$(call typed,POINT POINTS ALL PORT STATUS STOP,POINT=nsp-0101)
ifneq ($(STATUS)$(STOP),)
	@$(BIN)/paraat update --site $(SITE) $(if $(STOP),--stop,--status) $(quiet)
else ifdef PORT
	@$(if $(BUNDLE),,mkdir -p build && $(BIN)/paraat bundle build --site $(SITE) --out build/firmware.bundle $(signing))
	@$(BIN)/paraat usb update --bundle $(or $(BUNDLE),build/firmware.bundle) $(cable) $(quiet)
else
	@$(BIN)/paraat update --site $(SITE) $(signing) $(if $(BUNDLE),--bundle $(BUNDLE)) $(if $(ALL),--all) \
	  $(if $(CANARY),--canary $(CANARY)) $(if $(DOWNGRADE),--downgrade) $(if $(NO_WAIT),--no-wait) $(asked_for) $(quiet)
endif

.PHONY: renew
renew: $(VENV)/technician.stamp ## Give boards their next certificate over the broker: all that are due, or POINTS="a b c"
	$(call typed,,)
	@$(BIN)/paraat pki renew boards $(asked_for) --site $(SITE) $(signing) $(quiet)

.PHONY: bundle
bundle: $(VENV)/technician.stamp ## Put all that a day without internet takes into one folder (OUT=, FIRMWARE=file.bin, WITHOUT_KEYS=1)
	$(call typed,,)
	@$(BIN)/paraat day-bundle --site $(SITE) --out $(or $(OUT),build/paraat-day) $(foreach file,$(FIRMWARE),--firmware $(file)) \
	  $(if $(WITHOUT_KEYS),--without-keys) $(anyway) $(quiet)

.PHONY: bring-back
bring-back: $(VENV)/technician.stamp ## Join a copy of site/ that was away with this one (FROM=folder, or user@machine:folder; KEEP=, TAKE=)
	$(call typed,FROM,FROM=/media/usb/paraat-day)
	@$(BIN)/paraat bring-back --site $(SITE) --from $(FROM) \
	  $(foreach name,$(KEEP),--keep $(name)) $(foreach name,$(TAKE),--take $(name)) $(signing) $(quiet)

#: Development
.PHONY: test
test: $(VENV)/dev.stamp ## Run the tests, but for those that play hours; says which it skips and why
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile

.PHONY: test-long
test-long: $(VENV)/dev.stamp ## Run the tests that play hours, which `make test` leaves out: the demo, the memory of every board, certificates that end, kills, replays (minutes)
	@PARAAT_LONG=1 $(BIN)/python -m pytest -n $(JOBS) --dist loadfile tests/long

# Which tests play which row of docs/when-things-break.md; a line each, and more than these may be added.
fault_rows = $(shell sed -e 's/#.*//' tests/faults/rows.txt)

.PHONY: faults
faults: $(VENV)/dev.stamp ## Break everything: rounds of faults under load (ROUNDS=200, SEED=1), each known fault once, power cuts of a board's flash; one table (half an hour)
	@PARAAT_FAULTS=1 PARAAT_ROUNDS=$(or $(ROUNDS),200) PARAAT_SEED=$(or $(SEED),1) $(BIN)/python -m pytest -q -n $(JOBS) --dist loadfile \
	  $(fault_rows) tests/faults --ignore tests/faults/firmware/test_soak.py

.PHONY: renewal-drill
renewal-drill: $(VENV)/dev.stamp ## Ten boards go over to another authority while they run, and the old one ends (some ten minutes)
	@PARAAT_DRILL=1 $(BIN)/python -m pytest -q -s tests/faults/test_authority_ends.py

.PHONY: kills
kills: $(VENV)/dev.stamp ## Kill the host of alerts 200 times (also while it sends, writes, and its helper works), and replay 72 hours of 60 points: nothing is lost, nothing is told twice (minutes)
	@PARAAT_LONG=1 PARAAT_KILLS=$(or $(KILLS),200) $(BIN)/python -m pytest -q -s tests/long/test_kills.py tests/long/test_replay.py

.PHONY: soak
soak: $(VENV)/dev.stamp ## Run a board through 30 virtual days with a fault every ten minutes (DAYS=, SEED=; some ten minutes)
	@PARAAT_FAULTS=1 PARAAT_SOAK="$(or $(DAYS),30) $(or $(SEED),1)" $(BIN)/python -m pytest -s tests/faults/firmware/test_soak.py

.PHONY: replay
replay: $(VENV)/dev.stamp ## Live 72 hours of 60 points, replay them from the journal, compare every second (COUNT=, HOURS=; half an hour)
	@PARAAT_LONG=1 PARAAT_REPLAY="$(or $(COUNT),60) $(or $(HOURS),72)" $(BIN)/python -m pytest -s tests/long/test_replayed_days.py

.PHONY: lint
lint: $(VENV)/dev.stamp ## Check style, imports and types of host, wire, dashboards and firmware
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/mypy
	$(BIN)/pyright --project pyrightconfig.json

.PHONY: format
format: $(VENV)/dev.stamp ## Put the code in the house's form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: words
words: $(VENV)/dev.stamp ## Bring the catalogues of words (texts/*.po) up to date with the code (ADD=de begins a language)
	@$(BIN)/python -m paraat.texts.extract $(ADD)
	@$(BIN)/python -m paraat.sinks.schema_table

.PHONY: boards
boards: $(VENV)/dev.stamp ## Check boards/*/board.toml against the chips and draw their wiring (wiring.svg)
	$(BIN)/python -m paraat.boards.wiring

.PHONY: dashboards
dashboards: $(VENV)/dev.stamp ## Build dashboards/*.json from dashboards/*.py
	$(BIN)/python -m dashboards

.PHONY: dashboards-bench
dashboards-bench: $(VENV)/dev.stamp ## Time every panel of the dashboards against InfluxDB: 500 points over 72 hours, and 30 days of means (minutes)
	@PYTHONPATH=tests:. nice $(BIN)/python benchmarks/dashboards_queries.py

.PHONY: dashboards-push
dashboards-push: $(VENV)/dev.stamp ## Bring the dashboards to a Grafana: GRAFANA_URL=http://127.0.0.1:3000 GRAFANA_TOKEN_FILE=... (DRY=1 only says what would change)
	@$(BIN)/python -m dashboards.push $(GRAFANA_URL) $(if $(GRAFANA_TOKEN_FILE),--token-file $(GRAFANA_TOKEN_FILE)) $(if $(DRY),--dry-run)

.PHONY: bench
bench: $(VENV)/dev.stamp ## Measure: the host's store rate, the board's drain and stalls, the flash reads of its start, the estimate's cost
	$(BIN)/python benchmarks/host_ingest.py
	$(BIN)/python benchmarks/board_link.py --ids
	$(BIN)/python benchmarks/flash_reads.py
	$(BIN)/python benchmarks/signature.py
	$(BIN)/python benchmarks/autonomy.py
	$(BIN)/python benchmarks/judging.py

.PHONY: load
load: $(VENV)/dev.stamp ## Measure the host under a country's load, and what asking costs, beside an older commit's (AGAINST=v0.1): ten minutes
	@$(BIN)/python benchmarks/host_load.py $(if $(AGAINST),--against $(AGAINST))

.PHONY: autonomy
autonomy: $(VENV)/dev.stamp ## Follow forty courses of a tank and write what the estimate is worth into docs/autonomy.md (minutes)
	$(BIN)/python benchmarks/autonomy.py --write docs/autonomy.md

.PHONY: pictures
pictures: $(VENV)/dev.stamp ## Play the demo in chromium and write the pictures of docs/pictures (two minutes)
	@$(BIN)/python benchmarks/pictures.py docs/pictures

.PHONY: drill
drill: $(VENV)/dev.stamp ## Play a blackout of 60 points, broker, mail server and modem away: who was told what, and whether in time (minutes)
	@$(BIN)/python benchmarks/drill.py

.PHONY: mutants
mutants: $(VENV)/dev.stamp $(VENV)/mutants.stamp ## Count the changes of a room that no test notices: ROOM=alerts, intake, journal or domain (FILES: of these only; TESTS: ask these; DRAW: so many; SHOW=1: which; FILE: of any one file, asking TESTS)
	@nice $(BIN)/python $(if $(FILE),benchmarks/one_by_one.py $(FILE),benchmarks/mutants.py $(ROOM) $(FILES)) \
	  $(if $(TESTS),--tests $(TESTS)) $(if $(DRAW),--draw $(DRAW)) $(if $(SEED),--seed $(SEED)) $(if $(SHOW),--show)

.PHONY: size
size: $(VENV)/dev.stamp ## Print the budget of every board: both heaps of the chip, each file's bytes, flash reads (WRITE=1: docs/budget.md too)
	@$(BIN)/python benchmarks/firmware_size.py $(if $(WRITE),--write docs/budget.md)

.PHONY: deps
APT_PACKAGES := mosquitto influxdb chromium chromium-driver openssl gammu
deps: ## Install the servers and the browser that some tests need (apt, as root)
	@if [ "$$(id -u)" = 0 ]; then \
	  apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $(APT_PACKAGES); \
	else \
	  echo "make: $$($(call say,this needs root. Do)): sudo apt-get install --no-install-recommends $(APT_PACKAGES)" >&2; exit 1; \
	fi

.PHONY: lock
lock: | python-is-there ## Choose the newest versions and write requirements/*.lock
	@$(PYTHON) -m venv $(VENV)/lock && $(VENV)/lock/bin/python -m pip install --quiet uv
	$(VENV)/lock/bin/uv pip compile --quiet --upgrade --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --no-emit-package paraat --extra dev -o requirements/dev.lock pyproject.toml
	$(VENV)/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --no-emit-package paraat --extra demo --extra build -c requirements/dev.lock -o requirements/demo.lock pyproject.toml
	$(VENV)/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --no-emit-package paraat --extra demo --extra build --extra provision -c requirements/dev.lock -o requirements/technician.lock pyproject.toml
	$(VENV)/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	  --custom-compile-command "make lock" --no-emit-package paraat --extra mutants -c requirements/dev.lock -o requirements/mutants.lock pyproject.toml

.PHONY: clean
clean: ## Remove what was made here: .venv, caches, builds
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
