# Two commands: `make book` and `make test`. The work is done by tools/*.py; `make help` lists the rest.
PYTHON ?= python3
SCALE ?= cpu
export EMOTALK_HOME ?= $(CURDIR)/.emotalk
PY := .venv/bin/python
.DEFAULT_GOAL := help

.PHONY: help env sample book test site notebooks student colab fork lab talk clean

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' Makefile | expand -t 18
	@echo "  SCALE is smoke (seconds), cpu (the default, minutes) or cuda (the paper's size)."

env:  ## create .venv, or do nothing when it is up to date
	@$(PYTHON) tools/environment.py

sample: env  ## fetch and prepare the sample clips
	@$(PY) -m emotalk_lite sample

book: sample  ## execute what changed and build the site: _build/html/index.html (SCALE=smoke|cpu|cuda)
	@$(PY) tools/run_notebooks.py --scale $(SCALE)
	@$(PY) tools/build_site.py --scale $(SCALE)

test: sample  ## every test, in two processes; PYTEST_ARGS="-n 0" for one
	@$(PY) -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

site:  ## the site from the committed notebooks: executes nothing, needs no torch
	@$(PYTHON) tools/environment.py --site
	@rm -rf _build/html _build/.doctrees
	.venv-site/bin/jupyter-book build . -W -n --keep-going -q
	@echo "site: open $(CURDIR)/_build/html/index.html"

notebooks: sample  ## the same, published to notebooks/, to be committed; what was published at a larger scale stays
	@$(PY) tools/run_notebooks.py --scale $(SCALE) --publish

student: env  ## notebooks with stubs in place of the solutions: _build/student/notebooks/ (BLOCKS=1: and of the blocks)
	@$(PY) tools/editions.py $(if $(filter 1,$(BLOCKS)),--blocks)

colab:  ## the notebooks for Colab where Colab would run them: newer torch, nothing pinned (several GB)
	@$(PYTHON) tools/try_colab.py

fork:  ## write your repository's address everywhere: make fork REPO=you/your-book
	@$(PYTHON) tools/fork.py "$(REPO)"

lab: env  ## JupyterLab, chapters and notebooks paired
	@$(PY) -m jupyterlab

TALK_GIVEN := $(and $(IMAGE),$(AUDIO),$(EMOTION),$(OUT))
talk: $(if $(TALK_GIVEN),env)  ## make talk IMAGE=face.png AUDIO=speech.wav EMOTION=happiness OUT=talk.mp4
	@$(if $(TALK_GIVEN),,$(error give all four, as in: make talk IMAGE=face.png AUDIO=speech.wav EMOTION=happiness OUT=talk.mp4))$(PY) -m emotalk_lite talk --image "$(IMAGE)" --audio "$(AUDIO)" --emotion "$(EMOTION)" --out "$(OUT)"

clean:  ## remove what was built and executed; the environment, the sample and trained runs stay
	@rm -rf _build
