#![doc = "Caravan connect."]
