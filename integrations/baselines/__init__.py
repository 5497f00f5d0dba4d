"""The files of the baselines; ``integrations/domain/baselines/catalogue.py`` reads them."""
