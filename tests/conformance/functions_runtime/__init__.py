"""Our Functions host beside the library that Azure itself runs Python functions with."""
