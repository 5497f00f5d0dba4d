"""What is stored of the asset links of a tenant, besides the links themselves."""
