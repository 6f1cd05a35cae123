"""The admin of users, groups and tokens: nobody gives or takes more than they have."""
